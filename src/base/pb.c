/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/pb.h"

#include "base/err.h"

enum { NUMBER_MAX = (1 << 29) - 1 };

void pb_read_init(struct pb_reader *r, const void *data, size_t len)
{
    wire_read_init(&r->wire, data, len);
    r->fields = 0;
    r->err = 0;
}

void pb_fail(struct pb_reader *r, int err)
{
    if (r->err == 0)
        r->err = err;
}

/* Numbers of a fixed size are the other way round than the network's. */
static uint64_t read_le(struct wire_reader *r, size_t len)
{
    const uint8_t *p = wire_read_bytes(r, len);
    uint64_t v = 0;
    for (size_t i = len; p && i > 0; i--)
        v = v << 8 | p[i - 1];
    return v;
}

static bool read_value(struct wire_reader *r, struct pb_field *f)
{
    uint64_t len;
    switch (f->wire) {
    case PB_VARINT:
        f->value = wire_read_varint64(r);
        return true;
    case PB_FIXED64:
        f->value = read_le(r, 8);
        return true;
    case PB_FIXED32:
        f->value = read_le(r, 4);
        return true;
    case PB_BYTES:
        len = wire_read_varint64(r);
        f->len = len < SIZE_MAX ? (size_t)len : SIZE_MAX;
        f->at = wire_read_bytes(r, f->len);
        return true;
    default:
        return false;
    }
}

bool pb_next(struct pb_reader *r, struct pb_field *out)
{
    if (r->err < 0 || wire_read_left(&r->wire) == 0)
        return false;
    uint64_t key = wire_read_varint64(&r->wire);
    struct pb_field f = {.number = (uint32_t)(key >> 3 & NUMBER_MAX), .wire = key & 7};
    if (key >> 3 > NUMBER_MAX || f.number == 0 || !read_value(&r->wire, &f) || r->wire.failed) {
        pb_fail(r, BEAM_EINVAL);
        return false;
    }
    if (++r->fields > PB_FIELDS_MAX) {
        pb_fail(r, BEAM_ELIMIT);
        return false;
    }
    *out = f;
    return true;
}

bool pb_is(const struct pb_field *f, uint32_t number, enum pb_wire wire)
{
    return f->number == number && f->wire == wire;
}

int pb_end(const struct pb_reader *r)
{
    return r->err < 0 ? r->err : wire_read_end(&r->wire, true);
}

void pb_write_number(struct wire_writer *w, uint32_t number, uint64_t value)
{
    wire_write_varint(w, (uint64_t)number << 3 | PB_VARINT);
    wire_write_varint(w, value);
}

void pb_write_fixed64(struct wire_writer *w, uint32_t number, uint64_t value)
{
    wire_write_varint(w, (uint64_t)number << 3 | PB_FIXED64);
    for (unsigned i = 0; i < 64; i += 8)
        wire_write_u8(w, (uint8_t)(value >> i));
}

void pb_write_head(struct wire_writer *w, uint32_t number, size_t len)
{
    wire_write_varint(w, (uint64_t)number << 3 | PB_BYTES);
    wire_write_varint(w, len);
}

void pb_write_bytes(struct wire_writer *w, uint32_t number, const void *data, size_t len)
{
    pb_write_head(w, number, len);
    wire_write_bytes(w, data, len);
}

size_t pb_bytes_size(uint32_t number, size_t len)
{
    return wire_varint_size((uint64_t)number << 3) + wire_varint_size(len) + len;
}
