/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Leases in memory: found by id, by name and by owner in constant time, and in the order in which
 * they run out. For relay/lease alone. Pure.
 */
#ifndef BEAM_RELAY_LEASE_INDEX_H
#define BEAM_RELAY_LEASE_INDEX_H

#include "base/map.h"
#include "relay/lease.h"

struct lease_list {
    struct lease *first, **last;
};

/* All leases of one key. */
struct lease_holder {
    struct peer_id owner;
    struct lease *first;
    size_t count;
};

/* To be read. */
struct lease_index {
    struct map *ids, *names, *holders;
    struct lease_list live, lapsed; /* each in order: that which ran out, or will, first is first */
};

/* At most so many. 0 or BEAM_ENOMEM; lease_index_clear in either case. */
int lease_index_init(struct lease_index *x, const struct rng *rng, size_t most);
/* Frees all of them. */
void lease_index_clear(struct lease_index *x);
/* Takes a copy in, where it can be found by all its ways, or not at all: 0, BEAM_EEXIST (its id or
 * its name), BEAM_ELIMIT, BEAM_ENOMEM. It has not run out. */
int lease_index_add(struct lease_index *x, const struct lease *lease, struct lease **out);
/* Takes it out and frees it. */
void lease_index_remove(struct lease_index *x, struct lease *l);
/* It has run out, or has not; of these it is the last to do so, or did so last. */
void lease_index_move(struct lease_index *x, struct lease *l, bool lapsed);

/* NULL: there is none. */
struct lease *lease_index_id(const struct lease_index *x, const uint8_t id[RESERVATION_ID_SIZE]);
struct lease *lease_index_name(const struct lease_index *x, const char *name);
struct lease_holder *lease_index_holder(const struct lease_index *x, const struct peer_id *owner);
size_t lease_index_count(const struct lease_index *x);

#endif
