/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How many things are let in that anybody can make up: so many at once, and one more after each
 * such time. Whoever brings many must not use up what others need, and nobody is known to be good.
 * So what was let in stays here until its time has come, the oldest first, with who brought it, the
 * network that is from, and who made it. Each of these counts for as much of it as is here, and one
 * more is let in only while the peer's and its network's count together, and its author's, are less
 * than what is free (dynamic thresholds: Choudhury and Hahne, IEEE/ACM Transactions on Networking
 * 6(2), 1998). So one alone gets a third of it, more of one network never half of it together. One
 * who comes new finds room at once while some ten networks flood; when more do, as soon as each of
 * them has what is its own, until there are as many of them as places.
 *
 * Only what was let in is remembered: there is nothing else to fill, and nobody to push out.
 * Bounded. Pure.
 */
#ifndef BEAM_GOSSIP_RATION_H
#define BEAM_GOSSIP_RATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "identity/peer_id.h"
#include "p2p/census.h"

enum { RATION_MAX = 256 };

struct ration_limit {
    size_t at_once; /* at most RATION_MAX */
    uint64_t every_ms;
};

/* Whose it is. */
struct ration_share {
    struct peer_id peer, author;  /* who brings it, and who made it */
    struct census_source network; /* the peer's (census_network) */
};

struct ration { /* zeroed at first */
    size_t first, n;
    uint64_t since;
    struct ration_share shares[RATION_MAX]; /* a ring */
};

/* Whether one more is let in; then it counts. */
bool ration_take(struct ration *r, const struct ration_limit *limit,
                 const struct ration_share *share, uint64_t now);

#endif
