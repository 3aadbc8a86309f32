/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How long nodes take to answer: through Tor it is seconds, where a neighbour takes milliseconds.
 * Who takes far longer than others did is not waited for. Pure.
 */
#ifndef BEAM_P2P_KAD_PACE_H
#define BEAM_P2P_KAD_PACE_H

#include <stdint.h>

enum {
    KAD_PACE_FIRST_MS = 5000, /* while nobody has answered */
    KAD_PACE_LEAST_MS = 2000,
    KAD_PACE_MOST_MS = 10000, /* whoever takes his time must not make us wait for the silent */
    KAD_PACE_TIMES = 3        /* as long as usual */
};

/* Zeroed: nobody has answered. */
struct kad_pace {
    uint64_t usual; /* in 1/8 ms */
};

/* An answer came, after so long. */
void kad_pace_took(struct kad_pace *p, uint64_t ms);
/* After so many ms a question counts as slow. */
uint64_t kad_pace_slow(const struct kad_pace *p);

#endif
