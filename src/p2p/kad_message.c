/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/kad_message.h"

#include <string.h>

#include "base/err.h"
#include "base/pb.h"

enum { FIELD_TYPE = 1, FIELD_KEY = 2, FIELD_RECORD = 3, FIELD_CLOSER = 8, FIELD_PROVIDER = 9 };
enum { RECORD_KEY = 1, RECORD_VALUE = 2 };
enum { PEER_ID = 1, PEER_ADDRS = 2, PEER_CONNECTION = 3 };

/* ---- reading ---- */

static struct kad_text text_of(const struct pb_field *f)
{
    return (struct kad_text){.at = f->at, .len = f->len};
}

static int read_record(struct kad_text bytes, struct kad_message *out)
{
    struct pb_reader r;
    struct pb_field f;
    pb_read_init(&r, bytes.at, bytes.len);
    while (pb_next(&r, &f)) {
        if (pb_is(&f, RECORD_KEY, PB_BYTES))
            out->record_key = text_of(&f);
        else if (pb_is(&f, RECORD_VALUE, PB_BYTES))
            out->value = text_of(&f);
    }
    if (out->record_key.len > KAD_KEY_MAX || out->value.len > KAD_VALUE_MAX)
        pb_fail(&r, BEAM_ELIMIT);
    out->has_record = true;
    return pb_end(&r);
}

/* 0, or BEAM_ENOTFOUND: it has no id that is one. */
static int read_contact(const struct pb_field *bytes, struct kad_contact *out)
{
    struct pb_reader r;
    struct pb_field f;
    bool known = false;
    *out = (struct kad_contact){.n = 0};
    pb_read_init(&r, bytes->at, bytes->len);
    while (pb_next(&r, &f)) {
        if (pb_is(&f, PEER_ID, PB_BYTES))
            known = peer_id_decode(f.at, f.len, &out->peer, NULL) == 0;
        else if (pb_is(&f, PEER_ADDRS, PB_BYTES) && out->n < KAD_ADDRS_MAX)
            out->addrs[out->n++] = text_of(&f);
        else if (pb_is(&f, PEER_CONNECTION, PB_VARINT) && f.value <= KAD_CANNOT_CONNECT)
            out->connection = (enum kad_connection)f.value;
    }
    int err = pb_end(&r);
    return err < 0 ? err : known ? 0 : BEAM_ENOTFOUND;
}

static void add_contact(struct pb_reader *r, const struct pb_field *f, struct kad_contact *list,
                        size_t *n)
{
    if (*n == KAD_PEERS_MAX)
        return;
    int err = read_contact(f, &list[*n]);
    if (err == 0)
        *n += 1;
    else if (err != BEAM_ENOTFOUND)
        pb_fail(r, err);
}

static void read_field(struct pb_reader *r, const struct pb_field *f, struct kad_message *out,
                       struct kad_text *record)
{
    if (pb_is(f, FIELD_TYPE, PB_VARINT)) {
        if (f->value > KAD_PING)
            pb_fail(r, BEAM_EINVAL);
        out->type = (enum kad_type)f->value;
    } else if (pb_is(f, FIELD_KEY, PB_BYTES)) {
        if (f->len > KAD_KEY_MAX)
            pb_fail(r, BEAM_ELIMIT);
        out->key = text_of(f);
    } else if (pb_is(f, FIELD_RECORD, PB_BYTES)) {
        *record = text_of(f);
    } else if (pb_is(f, FIELD_CLOSER, PB_BYTES)) {
        add_contact(r, f, out->closer, &out->closer_count);
    } else if (pb_is(f, FIELD_PROVIDER, PB_BYTES)) {
        add_contact(r, f, out->providers, &out->provider_count);
    }
}

int kad_message_decode(const void *data, size_t len, struct kad_message *out)
{
    struct pb_reader r;
    struct pb_field f;
    struct kad_text record = {.at = NULL};
    if (len > KAD_MESSAGE_MAX)
        return BEAM_ELIMIT;
    memset(out, 0, offsetof(struct kad_message, closer)); /* PUT_VALUE is what no type says */
    pb_read_init(&r, data, len);
    while (pb_next(&r, &f))
        read_field(&r, &f, out, &record);
    int err = pb_end(&r);
    return err == 0 && record.at ? read_record(record, out) : err;
}

/* ---- writing ---- */

static void write_text(struct wire_writer *w, uint32_t number, struct kad_text text)
{
    pb_write_bytes(w, number, text.at, text.len);
}

static void write_record(struct wire_writer *w, const struct kad_message *m)
{
    pb_write_head(w, FIELD_RECORD,
                  pb_bytes_size(RECORD_KEY, m->record_key.len) +
                      pb_bytes_size(RECORD_VALUE, m->value.len));
    write_text(w, RECORD_KEY, m->record_key);
    write_text(w, RECORD_VALUE, m->value);
}

static void write_contact(struct wire_writer *w, uint32_t number, const struct kad_contact *c)
{
    size_t len = pb_bytes_size(PEER_ID, c->peer.len) + 2; /* the connection: a tag and a byte */
    for (size_t i = 0; i < c->n; i++)
        len += pb_bytes_size(PEER_ADDRS, c->addrs[i].len);
    pb_write_head(w, number, len);
    pb_write_bytes(w, PEER_ID, c->peer.bytes, c->peer.len);
    for (size_t i = 0; i < c->n; i++)
        write_text(w, PEER_ADDRS, c->addrs[i]);
    pb_write_number(w, PEER_CONNECTION, c->connection);
}

int kad_message_encode(const struct kad_message *m, void *out, size_t size, size_t *out_len)
{
    struct wire_writer w;
    wire_write_init(&w, out, size < KAD_MESSAGE_MAX ? size : KAD_MESSAGE_MAX);
    pb_write_number(&w, FIELD_TYPE, m->type);
    if (m->key.len > 0)
        write_text(&w, FIELD_KEY, m->key);
    if (m->has_record)
        write_record(&w, m);
    for (size_t i = 0; i < m->closer_count; i++)
        write_contact(&w, FIELD_CLOSER, &m->closer[i]);
    for (size_t i = 0; i < m->provider_count; i++)
        write_contact(&w, FIELD_PROVIDER, &m->providers[i]);
    return wire_write_end(&w, out_len);
}
