/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How the keys of tickets (stream/tls_tickets) come from the process that makes them to one that
 * follows it: sealed to a key that the follower has made for this alone, by libsodium's sealed
 * boxes (X25519, XSalsa20, Poly1305), so that no buffer on the way holds what opens a ticket. Both
 * ends are one program on one machine, with one clock. Pure but for the sealing end's randomness.
 */
#ifndef BEAM_STREAM_TLS_HANDOVER_H
#define BEAM_STREAM_TLS_HANDOVER_H

#include "stream/tls_tickets.h"

struct tls_handover; /* of a follower */

enum { TLS_HANDOVER_KEY_SIZE = 32, TLS_HANDOVER_SIZE_MAX = 512 };

/* 0 or BEAM_ENOMEM. */
int tls_handover_new(const struct rng *rng, struct tls_handover **out);
/* NULL allowed. */
void tls_handover_free(struct tls_handover *h);
/* What is to be sealed to, TLS_HANDOVER_KEY_SIZE bytes. Borrowed. */
const uint8_t *tls_handover_key(const struct tls_handover *h);
/* The keys of `t` for a follower. 0, BEAM_ENOMEM, or BEAM_EINVAL: that is no key. */
int tls_handover_seal(struct tls_tickets *t, uint64_t now_ms,
                      const uint8_t to[TLS_HANDOVER_KEY_SIZE], uint8_t out[TLS_HANDOVER_SIZE_MAX],
                      size_t *out_len);
/* Has `t` follow what was sealed (tls_tickets_follow). 0, BEAM_ENOMEM, or BEAM_EAUTH: it was sealed
 * to somebody else, or is none; `t` is as before. */
int tls_handover_open(const struct tls_handover *h, const uint8_t *data, size_t len,
                      struct tls_tickets *t);

#endif
