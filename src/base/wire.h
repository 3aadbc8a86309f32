/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cursors over bytes: the only way binary input is read and binary output is
 * put together. Errors stick: after the first, reads give zeros and writes do
 * nothing, so that a decoder checks once, at the end.
 */
#ifndef BEAM_BASE_WIRE_H
#define BEAM_BASE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wire_reader {
    const uint8_t *at, *end;
    bool failed;
};

void wire_read_init(struct wire_reader *r, const void *data, size_t len);
uint8_t wire_read_u8(struct wire_reader *r);
uint16_t wire_read_be16(struct wire_reader *r);
uint32_t wire_read_be32(struct wire_reader *r);
uint64_t wire_read_be64(struct wire_reader *r);
/* An unsigned varint (multiformats/unsigned-varint): minimal, at most 9 bytes, less than 2^63. */
uint64_t wire_read_varint(struct wire_reader *r);
/* A varint as protobuf has it, which may take all 64 bits; minimal here too. */
uint64_t wire_read_varint64(struct wire_reader *r);
/* Borrowed view of the next len bytes; NULL (and failed) when there are fewer. */
const uint8_t *wire_read_bytes(struct wire_reader *r, size_t len);
size_t wire_read_left(const struct wire_reader *r);
/* 0, or BEAM_EINVAL when a read failed or, with `whole`, bytes are left over. */
int wire_read_end(const struct wire_reader *r, bool whole);

struct wire_writer {
    uint8_t *start, *at, *end;
    bool failed;
};

void wire_write_init(struct wire_writer *w, void *out, size_t size);
void wire_write_u8(struct wire_writer *w, uint8_t v);
void wire_write_be16(struct wire_writer *w, uint16_t v);
void wire_write_be32(struct wire_writer *w, uint32_t v);
void wire_write_be64(struct wire_writer *w, uint64_t v);
/* Minimal; below 2^63 it is an unsigned varint of multiformats, above only one of protobuf. */
void wire_write_varint(struct wire_writer *w, uint64_t v);
/* The bytes it takes, 1 to 10. */
size_t wire_varint_size(uint64_t v);
void wire_write_bytes(struct wire_writer *w, const void *data, size_t len);
/* The number of bytes written, or BEAM_ELIMIT when they did not fit. */
int wire_write_end(const struct wire_writer *w, size_t *len);

#endif
