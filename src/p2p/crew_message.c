/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/crew_message.h"

#include <string.h>

#include "base/pb.h"

/* The numbers of the fields. */
enum { KIND = 1, PEER = 2, ADDR = 3, TEXT = 4, NUMBER = 5, DATA = 6 };

static int read_text(const struct pb_field *f, char out[CREW_TEXT_MAX + 1])
{
    if (f->len > CREW_TEXT_MAX || memchr(f->at, '\0', f->len))
        return BEAM_EINVAL;
    memcpy(out, f->at, f->len);
    out[f->len] = '\0';
    return 0;
}

static int read_bytes(const struct pb_field *f, struct crew_message *m)
{
    switch (f->number) {
    case PEER:
        return peer_id_decode(f->at, f->len, &m->peer, NULL);
    case ADDR:
        return f->len == 0 ? 0 : multiaddr_decode(f->at, f->len, &m->addr, NULL);
    case TEXT:
        return read_text(f, m->text);
    case DATA:
        m->data = f->at;
        m->len = f->len;
        return f->len <= CREW_DATA_MAX ? 0 : BEAM_EINVAL;
    default:
        return BEAM_EINVAL;
    }
}

static int read_field(const struct pb_field *f, struct crew_message *m)
{
    if (f->wire == PB_BYTES)
        return read_bytes(f, m);
    if (pb_is(f, KIND, PB_VARINT) && f->value >= CREW_HELLO && f->value <= CREW_KIND_LAST)
        m->kind = (unsigned)f->value;
    else if (pb_is(f, NUMBER, PB_VARINT))
        m->number = f->value;
    else
        return BEAM_EINVAL;
    return 0;
}

static bool is_whole(const struct crew_message *m)
{
    switch (m->kind) {
    case CREW_HELLO:
    case CREW_TELL:
        return true;
    case CREW_HERE:
    case CREW_GONE:
    case CREW_END:
        return m->peer.len > 0;
    case CREW_KEEP:
        return m->peer.len > 0 && m->number <= 1;
    case CREW_OPEN:
    case CREW_PASS:
        return m->peer.len > 0 && m->text[0];
    default:
        return false;
    }
}

int crew_message_read(const void *bytes, size_t len, struct crew_message *out)
{
    struct crew_message m = {.kind = 0};
    struct pb_reader r;
    struct pb_field f;
    pb_read_init(&r, bytes, len);
    while (pb_next(&r, &f))
        if (read_field(&f, &m) < 0)
            pb_fail(&r, BEAM_EINVAL);
    if (pb_end(&r) < 0 || !is_whole(&m))
        return BEAM_EINVAL;
    *out = m;
    return 0;
}

int crew_message_write(const struct crew_message *m, void *out, size_t size, size_t *out_len)
{
    struct wire_writer w;
    wire_write_init(&w, out, size);
    pb_write_number(&w, KIND, m->kind);
    if (m->peer.len > 0)
        pb_write_bytes(&w, PEER, m->peer.bytes, m->peer.len);
    if (m->addr.len > 0)
        pb_write_bytes(&w, ADDR, m->addr.bytes, m->addr.len);
    if (m->text[0])
        pb_write_bytes(&w, TEXT, m->text, strlen(m->text));
    if (m->number > 0)
        pb_write_number(&w, NUMBER, m->number);
    if (m->len > 0)
        pb_write_bytes(&w, DATA, m->data, m->len);
    return wire_write_end(&w, out_len);
}
