/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whom a look-up in the DHT has heard of: in the order of nearness to its target, and by id. Pure;
 * at most KAD_CANDIDATES_MAX, and when they are as many, the farthest of those who were not asked
 * makes room for one who is nearer.
 */
#ifndef BEAM_P2P_KAD_CANDIDATES_H
#define BEAM_P2P_KAD_CANDIDATES_H

#include "p2p/kad_id.h"

enum { KAD_CANDIDATES_MAX = 512, KAD_CANDIDATES_SLOTS = 2 * KAD_CANDIDATES_MAX };

enum kad_candidate_state { KAD_NEW, KAD_ASKED, KAD_SLOW, KAD_ANSWERED, KAD_FAILED };

struct kad_candidate {
    struct kad_id id;
    uint64_t distance; /* its first 64 bits */
    struct peer_id peer;
    uint8_t path, hops, state;
    bool suspect;   /* for what it did before */
    uint16_t no;    /* its place in the order of asking, from 1 */
    uint16_t by[2]; /* who told of it first, and last, by `no`; 0 for a seed */
};

struct kad_candidates {
    struct kad_id target;
    size_t n, room;
    struct kad_candidate *all;            /* `room` places */
    uint16_t order[KAD_CANDIDATES_MAX];   /* places, the nearest first */
    uint16_t slots[KAD_CANDIDATES_SLOTS]; /* places + 1, by what their ids end in; 0: free */
};

void kad_candidates_init(struct kad_candidates *c, const struct kad_id *target);
void kad_candidates_clear(struct kad_candidates *c);
/* The i-th nearest of n; borrowed until one is added. */
struct kad_candidate *kad_candidates_at(const struct kad_candidates *c, size_t i);
/* NULL: it was not heard of. Borrowed likewise. */
struct kad_candidate *kad_candidates_find(const struct kad_candidates *c,
                                          const struct peer_id *peer);
/* One who is not there yet, all else of it zero. NULL: no room, or no memory. */
struct kad_candidate *kad_candidates_add(struct kad_candidates *c, const struct peer_id *peer);

#endif
