/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who provides a key, told by many: each node that answers tells of at most twenty, and only so
 * many are wanted. Whoever answers first must not have all the places, nor whoever has many ids at
 * one place in the network: those who answered take turns, each with one of its own that is not
 * there yet. Of what it says to be one network at most KAD_GROUP_MAX are taken, and after all
 * others when it tells of more: so a flood of ids from few networks, of whom each server keeps a
 * share, does not drown the rest. That is its word alone, and so it keeps out nobody of whom
 * another tells. Pure.
 */
#ifndef BEAM_P2P_KAD_PROVIDERS_H
#define BEAM_P2P_KAD_PROVIDERS_H

#include "p2p/kad_message.h"
#include "p2p/kad_table.h"

struct kad_provider {
    struct peer_id peer;
    kad_group group; /* by its addresses as they were told; KAD_NOWHERE: none is known */
};

/* Zeroed: nobody has told of any. */
struct kad_providers {
    size_t n, room;
    struct kad_providers_list *lists;
};

void kad_providers_clear(struct kad_providers *p);
/* One node tells of so many, at most KAD_PEERS_MAX are looked at. 0 or BEAM_ENOMEM. */
int kad_providers_told(struct kad_providers *p, const struct kad_provider *list, size_t n);
/* As many different ones as there are, at most `max` and KAD_PEERS_MAX. Returns how many. */
size_t kad_providers_take(struct kad_providers *p, struct peer_id *out, size_t max);

#endif
