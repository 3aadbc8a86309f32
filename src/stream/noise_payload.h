/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What libp2p says in the second and third message of a Noise handshake (libp2p/specs, noise):
 * the identity key, its signature over the static key of the handshake, and the multiplexers of
 * the sender. Pure.
 */
#ifndef BEAM_STREAM_NOISE_PAYLOAD_H
#define BEAM_STREAM_NOISE_PAYLOAD_H

#include "base/err.h"
#include "identity/key.h"
#include "stream/noise.h"

enum {
    NOISE_PAYLOAD_MAX = 4096, /* an RSA key of 8192 bits, its signature, and as much again */
    NOISE_MUXERS_MAX = 32
};

struct noise_payload {
    struct key_public key;
    size_t muxer_count; /* 0: none were told */
    struct {
        const uint8_t *at; /* borrowed from the payload */
        size_t len;
    } muxers[NOISE_MUXERS_MAX];
};

/* `own_key` is the static key that is sent in the same message. Sets *out_len. 0, or BEAM_ELIMIT
 * when `size` is too small. */
int noise_payload_write(const struct key_pair *identity, const uint8_t own_key[NOISE_KEY_SIZE],
                        const char *const *muxers, size_t count, void *out, size_t size,
                        size_t *out_len);
/* `peer_key` is the static key that came in the same message. 0; BEAM_EPROTO (not such a message),
 * BEAM_EAUTH (no key that is known here, or the signature is not the key's), BEAM_ENOMEM, with
 * words in `why`. */
int noise_payload_read(const void *data, size_t len, const uint8_t peer_key[NOISE_KEY_SIZE],
                       struct noise_payload *out, struct beam_why *why);

/* The multiplexer of both ends: the first of the initiator's that the other has. One of `ours`, or
 * NULL when they have none in common. */
const char *noise_payload_muxer(const struct noise_payload *theirs, const char *const *ours,
                                size_t count, bool we_initiated);

#endif
