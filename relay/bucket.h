/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A token bucket: so many tokens a time, and so many at once after a quiet while. Pure. It is one
 * number (the generic cell rate algorithm, ITU-T I.371): when it will be full again. One that is
 * zeroed is full.
 */
#ifndef BEAM_RELAY_BUCKET_H
#define BEAM_RELAY_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

struct bucket {
    uint64_t full; /* private */
};

/* Only bucket_rate fills it. Zeroed: no limit. */
struct bucket_rate {
    uint64_t cost;  /* of a token, in ticks */
    uint64_t slack; /* of a full bucket */
};

/* `tokens` in each `per_ms`, at most `burst` (at least 1) at once. 0 tokens: no limit. */
struct bucket_rate bucket_rate(uint64_t tokens, uint64_t per_ms, uint64_t burst);
/* Takes them, or none of them: false. `now_ms` is of a clock that never goes back. */
bool bucket_take(struct bucket *b, const struct bucket_rate *r, uint64_t tokens, uint64_t now_ms);
/* Takes as many as are there, at most `most`. */
uint64_t bucket_take_some(struct bucket *b, const struct bucket_rate *r, uint64_t most,
                          uint64_t now_ms);
/* Such as were taken, and not used after all. */
void bucket_give_back(struct bucket *b, const struct bucket_rate *r, uint64_t tokens);
/* Such as were taken elsewhere, of a rate that several have together: an empty one comes to owe
 * them, but no more than `debt_ms` bring. */
void bucket_charge(struct bucket *b, const struct bucket_rate *r, uint64_t tokens, uint64_t debt_ms,
                   uint64_t now_ms);
/* Milliseconds until so many can be taken; at most those until it is full. */
uint64_t bucket_wait(const struct bucket *b, const struct bucket_rate *r, uint64_t tokens,
                     uint64_t now_ms);
/* How much of it is used up: 0 to 100. */
unsigned bucket_used(const struct bucket *b, const struct bucket_rate *r, uint64_t now_ms);

#endif
