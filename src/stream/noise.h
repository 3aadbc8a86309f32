/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The handshake Noise_XX_25519_ChaChaPoly_SHA256 (The Noise Protocol Framework, revision 34):
 *
 *     -> e
 *     <- e, ee, s, es
 *     -> s, se
 *
 * Each end writes and reads in turn, and the third message leaves a key for each direction. What
 * the payloads mean is the caller's affair, and so is whether the peer's static key is the right
 * one. Pure; all of it lies in locked memory and is wiped. sodium_init comes first.
 */
#ifndef BEAM_STREAM_NOISE_H
#define BEAM_STREAM_NOISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"

enum {
    NOISE_KEY_SIZE = 32,
    NOISE_HASH_SIZE = 32,
    NOISE_TAG_SIZE = 16,
    NOISE_MESSAGE_MAX = 65535,
    /* The most that a message of the handshake adds to its payload. */
    NOISE_OVERHEAD_MAX = 2 * NOISE_KEY_SIZE + 2 * NOISE_TAG_SIZE
};

struct noise;

/* Draws the static key first, then the ephemeral one, 32 bytes each. 0 or BEAM_ENOMEM. */
int noise_new(bool initiator, const void *prologue, size_t len, const struct rng *rng,
              struct noise **out);
/* Wipes. NULL allowed. */
void noise_free(struct noise *n);

/* Whether the next message is ours to write; else it is the peer's, unless all are through. */
bool noise_writes(const struct noise *n);
/* Whether all three messages are through. */
bool noise_is_over(const struct noise *n);

/* The next message, around this payload. Sets *out_len. 0, BEAM_ELIMIT (out is too small, or the
 * message would be longer than NOISE_MESSAGE_MAX), BEAM_EINVAL (out of turn), BEAM_EPROTO (the
 * peer's ephemeral key is a point of small order). */
int noise_write(struct noise *n, const void *payload, size_t len, void *out, size_t size,
                size_t *out_len);
/* The peer's next message. Sets *payload_len; nothing is written to `payload` that is not
 * authentic, as far as the pattern goes. 0; BEAM_EPROTO (too short or too long, not authentic, a
 * point of small order), after which only noise_free may be called; BEAM_ELIMIT (payload is too
 * small), BEAM_EINVAL (out of turn). */
int noise_read(struct noise *n, const void *message, size_t len, void *payload, size_t size,
               size_t *payload_len);

/* Our static public key, and the peer's once it came: NULL before. Borrowed. */
const uint8_t *noise_own_key(const struct noise *n);
const uint8_t *noise_peer_key(const struct noise *n);
/* What both ends have in common when it is over and nobody was in between. Borrowed. */
const uint8_t *noise_hash(const struct noise *n);

/* The keys of what is sent and of what is received, once it is over. Borrowed; they last until
 * noise_free. */
const uint8_t *noise_send_key(const struct noise *n);
const uint8_t *noise_receive_key(const struct noise *n);

#endif
