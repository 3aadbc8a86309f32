/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/identify_message.h"

#include "base/err.h"
#include "base/pb.h"

enum {
    FIELD_KEY = 1,
    FIELD_ADDR = 2,
    FIELD_PROTOCOL = 3,
    FIELD_OBSERVED = 4,
    FIELD_VERSION = 5,
    FIELD_AGENT = 6,
    FIELD_RECORD = 8
};

static void add(struct identify_view *list, size_t max, size_t *n, struct identify_view view)
{
    if (*n < max)
        list[(*n)++] = view;
}

static struct identify_view *single(struct identify_message *m, uint32_t field)
{
    switch (field) {
    case FIELD_KEY:
        return &m->key;
    case FIELD_OBSERVED:
        return &m->observed;
    case FIELD_VERSION:
        return &m->version;
    case FIELD_AGENT:
        return &m->agent;
    case FIELD_RECORD:
        return &m->record;
    default:
        return NULL;
    }
}

static int read_one(const uint8_t *at, size_t len, struct identify_message *m)
{
    struct pb_reader r;
    struct pb_field f;
    pb_read_init(&r, at, len);
    while (pb_next(&r, &f)) {
        struct identify_view view = {f.at, f.len}, *one = single(m, f.number);
        if (!one && f.number != FIELD_ADDR && f.number != FIELD_PROTOCOL)
            continue;
        if (f.wire != PB_BYTES)
            pb_fail(&r, BEAM_EINVAL);
        else if (one)
            *one = view;
        else if (f.number == FIELD_ADDR)
            add(m->addrs, IDENTIFY_ADDRS_MAX, &m->addr_count, view);
        else
            add(m->protocols, IDENTIFY_PROTOCOLS_MAX, &m->protocol_count, view);
    }
    return pb_end(&r);
}

int identify_message_decode(const void *data, size_t len, struct identify_message *out)
{
    struct identify_message m = {.addr_count = 0};
    struct wire_reader r;
    int n = 0, err = 0;
    wire_read_init(&r, data, len);
    while (err == 0 && wire_read_left(&r) > 0) {
        uint64_t size = wire_read_varint(&r);
        if (size > IDENTIFY_MESSAGE_MAX || ++n > IDENTIFY_MESSAGES_MAX)
            return BEAM_ELIMIT;
        const uint8_t *at = wire_read_bytes(&r, (size_t)size);
        err = at ? read_one(at, (size_t)size, &m) : BEAM_EINVAL;
    }
    if (err < 0)
        return err;
    if (n == 0)
        return BEAM_EINVAL;
    *out = m;
    return 0;
}

static void write_view(struct wire_writer *w, uint32_t field, const struct identify_view *view)
{
    if (view->at)
        pb_write_bytes(w, field, view->at, view->len);
}

static size_t view_size(uint32_t field, const struct identify_view *view)
{
    return view->at ? pb_bytes_size(field, view->len) : 0;
}

static size_t message_size(const struct identify_message *m)
{
    size_t size = view_size(FIELD_KEY, &m->key) + view_size(FIELD_OBSERVED, &m->observed) +
                  view_size(FIELD_VERSION, &m->version) + view_size(FIELD_AGENT, &m->agent) +
                  view_size(FIELD_RECORD, &m->record);
    for (size_t i = 0; i < m->addr_count; i++)
        size += view_size(FIELD_ADDR, &m->addrs[i]);
    for (size_t i = 0; i < m->protocol_count; i++)
        size += view_size(FIELD_PROTOCOL, &m->protocols[i]);
    return size;
}

int identify_message_encode(const struct identify_message *m, void *out, size_t size,
                            size_t *out_len)
{
    struct wire_writer w;
    size_t message = message_size(m);
    if (message > IDENTIFY_MESSAGE_MAX)
        return BEAM_ELIMIT;
    wire_write_init(&w, out, size);
    wire_write_varint(&w, message);
    write_view(&w, FIELD_KEY, &m->key);
    for (size_t i = 0; i < m->addr_count; i++)
        write_view(&w, FIELD_ADDR, &m->addrs[i]);
    for (size_t i = 0; i < m->protocol_count; i++)
        write_view(&w, FIELD_PROTOCOL, &m->protocols[i]);
    write_view(&w, FIELD_OBSERVED, &m->observed);
    write_view(&w, FIELD_VERSION, &m->version);
    write_view(&w, FIELD_AGENT, &m->agent);
    write_view(&w, FIELD_RECORD, &m->record);
    return wire_write_end(&w, out_len);
}
