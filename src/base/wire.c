/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/wire.h"

#include <string.h>

#include "base/err.h"

void wire_read_init(struct wire_reader *r, const void *data, size_t len)
{
    static const uint8_t nothing[1];
    r->at = data ? data : nothing;
    r->end = r->at + (data ? len : 0);
    r->failed = !data && len > 0;
}

const uint8_t *wire_read_bytes(struct wire_reader *r, size_t len)
{
    if (r->failed || len > (size_t)(r->end - r->at)) {
        r->failed = true;
        return NULL;
    }
    const uint8_t *p = r->at;
    r->at += len;
    return p;
}

static uint64_t read_be(struct wire_reader *r, size_t len)
{
    uint64_t v = 0;
    const uint8_t *p = wire_read_bytes(r, len);
    for (size_t i = 0; p && i < len; i++)
        v = v << 8 | p[i];
    return v;
}

uint8_t wire_read_u8(struct wire_reader *r)
{
    const uint8_t *p = wire_read_bytes(r, 1);
    return p ? *p : 0;
}

uint16_t wire_read_be16(struct wire_reader *r)
{
    return (uint16_t)read_be(r, 2);
}

uint32_t wire_read_be32(struct wire_reader *r)
{
    return (uint32_t)read_be(r, 4);
}

uint64_t wire_read_be64(struct wire_reader *r)
{
    return read_be(r, 8);
}

/* 7 bits a byte, least first. A last byte of zero after others would be a longer way to say the
 * same number, and `most` is all that the byte at the limit may hold. */
static uint64_t read_varint(struct wire_reader *r, unsigned limit, uint8_t most)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < limit; i++) {
        uint8_t b = wire_read_u8(r);
        if (r->failed || (b == 0 && i > 0) || (i + 1 == limit && b > most))
            break;
        v |= (uint64_t)(b & 0x7f) << 7 * i;
        if (b < 0x80)
            return v;
    }
    r->failed = true;
    return 0;
}

uint64_t wire_read_varint(struct wire_reader *r)
{
    return read_varint(r, 9, 0x7f);
}

uint64_t wire_read_varint64(struct wire_reader *r)
{
    return read_varint(r, 10, 1);
}

size_t wire_read_left(const struct wire_reader *r)
{
    return r->failed ? 0 : (size_t)(r->end - r->at);
}

int wire_read_end(const struct wire_reader *r, bool whole)
{
    return r->failed || (whole && r->at != r->end) ? BEAM_EINVAL : 0;
}

void wire_write_init(struct wire_writer *w, void *out, size_t size)
{
    static uint8_t nothing[1];
    w->start = w->at = out ? out : nothing;
    w->end = w->start + (out ? size : 0);
    w->failed = false;
}

void wire_write_bytes(struct wire_writer *w, const void *data, size_t len)
{
    if (w->failed || len > (size_t)(w->end - w->at)) {
        w->failed = true;
        return;
    }
    if (len > 0)
        memcpy(w->at, data, len);
    w->at += len;
}

static void write_be(struct wire_writer *w, uint64_t v, size_t len)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)(v >> 8 * (len - 1 - i));
    wire_write_bytes(w, bytes, len);
}

void wire_write_u8(struct wire_writer *w, uint8_t v)
{
    write_be(w, v, 1);
}

void wire_write_be16(struct wire_writer *w, uint16_t v)
{
    write_be(w, v, 2);
}

void wire_write_be32(struct wire_writer *w, uint32_t v)
{
    write_be(w, v, 4);
}

void wire_write_be64(struct wire_writer *w, uint64_t v)
{
    write_be(w, v, 8);
}

void wire_write_varint(struct wire_writer *w, uint64_t v)
{
    uint8_t bytes[10];
    size_t n = 0;
    for (; v >= 0x80; v >>= 7)
        bytes[n++] = (uint8_t)(v | 0x80);
    bytes[n++] = (uint8_t)v;
    wire_write_bytes(w, bytes, n);
}

size_t wire_varint_size(uint64_t v)
{
    size_t n = 1;
    for (; v >= 0x80; v >>= 7)
        n++;
    return n;
}

int wire_write_end(const struct wire_writer *w, size_t *len)
{
    if (w->failed)
        return BEAM_ELIMIT;
    *len = (size_t)(w->at - w->start);
    return 0;
}
