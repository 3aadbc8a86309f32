/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/autonat_message.h"

#include "base/err.h"
#include "base/pb.h"

/* The numbers of the fields. */
enum { TYPE = 1, DIAL = 2, RESPONSE = 3, DIAL_PEER = 1, PEER_ID = 1, PEER_ADDR = 2 };
enum { STATUS = 1, RESPONSE_ADDR = 3 };

static struct autonat_view view(const struct pb_field *f)
{
    return (struct autonat_view){f->at, f->len};
}

static int read_peer(const struct pb_field *from, struct autonat_message *out)
{
    struct pb_reader r;
    struct pb_field f;
    pb_read_init(&r, from->at, from->len);
    while (pb_next(&r, &f)) {
        if (pb_is(&f, PEER_ID, PB_BYTES))
            out->peer = view(&f);
        else if (pb_is(&f, PEER_ADDR, PB_BYTES) && out->n < AUTONAT_ADDRS_MAX)
            out->addrs[out->n++] = view(&f);
    }
    return pb_end(&r);
}

static int read_dial(const struct pb_field *from, struct autonat_message *out)
{
    struct pb_reader r;
    struct pb_field f;
    int err = 0;
    pb_read_init(&r, from->at, from->len);
    while (err == 0 && pb_next(&r, &f))
        if (pb_is(&f, DIAL_PEER, PB_BYTES))
            err = read_peer(&f, out);
    return err < 0 ? err : pb_end(&r);
}

static int read_response(const struct pb_field *from, struct autonat_message *out)
{
    struct pb_reader r;
    struct pb_field f;
    pb_read_init(&r, from->at, from->len);
    while (pb_next(&r, &f)) {
        if (pb_is(&f, STATUS, PB_VARINT))
            out->status = f.value > UINT32_MAX ? UINT32_MAX : (uint32_t)f.value;
        else if (pb_is(&f, RESPONSE_ADDR, PB_BYTES))
            out->addr = view(&f);
    }
    return pb_end(&r);
}

int autonat_message_read(const void *data, size_t len, struct autonat_message *out)
{
    struct autonat_message m = {.type = AUTONAT_DIAL};
    struct pb_reader r;
    struct pb_field f;
    int err = 0;
    if (len > AUTONAT_MESSAGE_MAX)
        return BEAM_ELIMIT;
    pb_read_init(&r, data, len);
    while (err == 0 && pb_next(&r, &f)) {
        if (pb_is(&f, TYPE, PB_VARINT)) {
            if (f.value > AUTONAT_DIAL_RESPONSE)
                return BEAM_EINVAL;
            m.type = (enum autonat_type)f.value;
        } else if (pb_is(&f, DIAL, PB_BYTES)) {
            err = read_dial(&f, &m);
        } else if (pb_is(&f, RESPONSE, PB_BYTES)) {
            err = read_response(&f, &m);
        }
    }
    if (err == 0)
        err = pb_end(&r);
    if (err == 0)
        *out = m;
    return err;
}

static size_t peer_size(const struct autonat_message *m)
{
    size_t size = m->peer.at ? pb_bytes_size(PEER_ID, m->peer.len) : 0;
    for (size_t i = 0; i < m->n; i++)
        size += pb_bytes_size(PEER_ADDR, m->addrs[i].len);
    return size;
}

static void write_dial(struct wire_writer *w, const struct autonat_message *m)
{
    size_t peer = peer_size(m);
    pb_write_head(w, DIAL, pb_bytes_size(DIAL_PEER, peer));
    pb_write_head(w, DIAL_PEER, peer);
    if (m->peer.at)
        pb_write_bytes(w, PEER_ID, m->peer.at, m->peer.len);
    for (size_t i = 0; i < m->n; i++)
        pb_write_bytes(w, PEER_ADDR, m->addrs[i].at, m->addrs[i].len);
}

static void write_response(struct wire_writer *w, const struct autonat_message *m)
{
    size_t size = 1 + wire_varint_size(m->status);
    if (m->addr.at)
        size += pb_bytes_size(RESPONSE_ADDR, m->addr.len);
    pb_write_head(w, RESPONSE, size);
    pb_write_number(w, STATUS, m->status);
    if (m->addr.at)
        pb_write_bytes(w, RESPONSE_ADDR, m->addr.at, m->addr.len);
}

int autonat_message_write(const struct autonat_message *m, uint8_t *out, size_t *out_len)
{
    struct wire_writer w;
    wire_write_init(&w, out, AUTONAT_MESSAGE_MAX);
    pb_write_number(&w, TYPE, m->type);
    if (m->type == AUTONAT_DIAL)
        write_dial(&w, m);
    else
        write_response(&w, m);
    return wire_write_end(&w, out_len);
}
