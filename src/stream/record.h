/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The records that follow a Noise handshake (libp2p/specs, noise, "Wire Format"): two bytes of
 * length, big-endian, then as many bytes of ChaCha20-Poly1305, the last 16 of which are the tag.
 * Records have no number on the wire; each is sealed under the next one, so that what is missing,
 * repeated or out of order is not authentic.
 *
 * The bytes are sealed and opened where they lie. Pure. The key is held in OpenSSL's context, which
 * is no locked memory; it is wiped with it.
 */
#ifndef BEAM_STREAM_RECORD_H
#define BEAM_STREAM_RECORD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "stream/noise.h"

enum {
    RECORD_HEAD_SIZE = 2,
    RECORD_OVERHEAD = RECORD_HEAD_SIZE + NOISE_TAG_SIZE,
    RECORD_PLAIN_MAX = NOISE_MESSAGE_MAX - NOISE_TAG_SIZE,
    RECORD_MAX = RECORD_PLAIN_MAX + RECORD_OVERHEAD,
    /* Of one record when there are more bytes than one can hold: a multiple of what ciphers take at
     * a time, so that the next one starts where they are fast. */
    RECORD_PLAIN_BULK = 63 * 1024
};

/* One direction of one session. */
struct record;

/* `seals`: for what is sent; else for what is received. The key is copied. 0 or BEAM_ENOMEM. */
int record_new(const uint8_t key[NOISE_KEY_SIZE], bool seals, struct record **out);
/* Wipes. NULL allowed. */
void record_free(struct record *r);

/*
 * Seals what is at the head of `from`, as much as one record takes, and hands it over to `out`, of
 * the same pool. Returns how many bytes of `from` that were (> 0), or BEAM_EINVAL (`from` is
 * empty), BEAM_ELIMIT (`out` has no room for RECORD_MAX bytes; nothing was done), BEAM_EPROTO
 * (2^64 - 1 records were sealed), BEAM_ENOMEM. After the last two neither buf is of use.
 */
ssize_t record_seal(struct record *r, struct buf *from, struct buf *out);

/*
 * Opens the record at the head of `in` and hands its bytes over to `out`, of the same pool. Returns
 * how many they are (0 for an empty record), or BEAM_EAGAIN (it is not all there), BEAM_ELIMIT
 * (`out` has no room for it; nothing was done), BEAM_EPROTO (not authentic, or shorter than a tag),
 * BEAM_ENOMEM. After the last two neither buf is of use, and no byte went to `out`.
 */
ssize_t record_open(struct record *r, struct buf *in, struct buf *out);

#endif
