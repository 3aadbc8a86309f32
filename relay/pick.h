/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which of the relays that are known is asked first. Pure. Those that served us are preferred,
 * those that failed us are not, full ones come last; among such as are alike chance decides, so
 * that not everybody comes to the same one.
 */
#ifndef BEAM_RELAY_PICK_H
#define BEAM_RELAY_PICK_H

#include "base/rng.h"
#include "relay/info.h"

/* What we have seen of a relay ourselves; zeroed: nothing. */
struct pick_history {
    uint32_t served, failed; /* reservations that came up, and that did not */
    uint32_t ms;             /* how long it took to come up, on average; 0: not known */
};

/* How often it is drawn beside others: above zero, but for one that cannot be used at all (no
 * address, none of the kinds wanted, no place left). */
double pick_weight(const struct relay_info *info, const struct pick_history *history,
                   unsigned kinds);
/* One of n by their weights; n when all are zero. */
size_t pick_one(const double *weights, size_t n, const struct rng *rng);

#endif
