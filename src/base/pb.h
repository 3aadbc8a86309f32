/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Protobuf messages (protobuf.dev/programming-guides/encoding) over the wire cursors: an iterator
 * over the fields of bytes that stay where they are, and a writer. Pure, and without an allocation.
 * Stricter than protobuf asks for: varints are minimal, and groups are refused.
 *
 *     struct pb_reader r;
 *     struct pb_field f;
 *     pb_read_init(&r, data, len);
 *     while (pb_next(&r, &f))
 *         if (pb_is(&f, 1, PB_BYTES))
 *             ...
 *     return pb_end(&r);
 */
#ifndef BEAM_BASE_PB_H
#define BEAM_BASE_PB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/wire.h"

enum pb_wire { PB_VARINT = 0, PB_FIXED64 = 1, PB_BYTES = 2, PB_FIXED32 = 5 };

enum { PB_FIELDS_MAX = 1024 }; /* fields a message may have, those that nobody knows included */

struct pb_reader {
    struct wire_reader wire;
    unsigned fields;
    int err;
};

struct pb_field {
    uint32_t number; /* 1 to 2^29 - 1 */
    enum pb_wire wire;
    uint64_t value;    /* of a number */
    const uint8_t *at; /* of bytes: borrowed from the message */
    size_t len;
};

void pb_read_init(struct pb_reader *r, const void *data, size_t len);
/* The next field, or false at the end or at the first error. */
bool pb_next(struct pb_reader *r, struct pb_field *out);
bool pb_is(const struct pb_field *f, uint32_t number, enum pb_wire wire);
/* For the caller's own refusals: they stick, as those of the reader do. */
void pb_fail(struct pb_reader *r, int err);
/* 0 when all was read; BEAM_EINVAL, BEAM_ELIMIT, or what pb_fail was given. */
int pb_end(const struct pb_reader *r);

/* Fields are written in the order of the calls; zero and empty ones too. */
void pb_write_number(struct wire_writer *w, uint32_t number, uint64_t value);
void pb_write_fixed64(struct wire_writer *w, uint32_t number, uint64_t value);
void pb_write_bytes(struct wire_writer *w, uint32_t number, const void *data, size_t len);
/* What precedes the bytes of a message inside a message. */
void pb_write_head(struct wire_writer *w, uint32_t number, size_t len);
/* The bytes that a field of `len` bytes takes, its head included. */
size_t pb_bytes_size(uint32_t number, size_t len);

#endif
