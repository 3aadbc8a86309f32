/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Work that a relay asks of owners for a new reservation while it has more to do than it likes
 * (docs/protocol/relay.md). Pure. A seed is of one key, says how many bits it asks, and is good for
 * some minutes; the relay knows its own again without keeping them, and takes each solution once.
 */
#ifndef BEAM_RELAY_WORK_H
#define BEAM_RELAY_WORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"
#include "identity/peer_id.h"

enum {
    WORK_SEED_SIZE = 32,
    WORK_NONCE_SIZE = 8,
    WORK_BITS_MAX = 26,           /* what an owner is willing to do */
    WORK_SPENT_MAX = 65536,       /* solutions that are remembered */
    WORK_EPOCH_MS = 5 * 60 * 1000 /* a seed is good for one to two of these */
};

/* ---- a relay's side ---- */

struct work;

/* 0 or BEAM_ENOMEM. */
int work_new(const struct rng *rng, struct work **out);
/* NULL allowed. */
void work_free(struct work *w);
void work_seed(const struct work *w, const struct peer_id *owner, unsigned bits, uint64_t now_ms,
               uint8_t out[WORK_SEED_SIZE]);
/* 0; BEAM_EAUTH: another's seed, an old one, or the wrong answer; BEAM_EEXIST: it was used before;
 * BEAM_ELIMIT: no more can be told apart until some are old. */
int work_check(struct work *w, const struct peer_id *owner, const uint8_t seed[WORK_SEED_SIZE],
               const uint8_t nonce[WORK_NONCE_SIZE], uint64_t now_ms);
/* How many bits to ask: `load` of 100 is in use of what owners may ask, and `full` of 100 of the
 * reservations; 100 means that somebody else's must go for a new one. */
unsigned work_bits(unsigned load, unsigned full);

/* ---- an owner's ---- */

/* Tries so many nonces from *next on. True: `out` is the answer. */
bool work_try(const struct peer_id *owner, const uint8_t seed[WORK_SEED_SIZE], unsigned bits,
              uint64_t *next, unsigned tries, uint8_t out[WORK_NONCE_SIZE]);

#endif
