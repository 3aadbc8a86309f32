/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who said to have a message and was asked for it (gossipsub v1.1, "Spam Protection Measures"): of
 * each such request one id, picked at random, is remembered until it comes, from anybody, or its
 * time is over. Bounded. Pure.
 */
#ifndef BEAM_GOSSIP_PROMISES_H
#define BEAM_GOSSIP_PROMISES_H

#include "gossip/rpc.h"
#include "identity/peer_id.h"

enum { PROMISES_MAX = 256, PROMISES_PER_PEER = 16 };

struct promise {
    struct peer_id by;
    uint64_t due;
    size_t len;
    uint8_t id[RPC_ID_MAX];
};

/* Zeroed at first. */
struct promises {
    size_t n;
    struct promise list[PROMISES_MAX];
};

/* Nothing is remembered when there is no room, or it is promised by that peer already. */
void promises_add(struct promises *p, const struct peer_id *by, struct rpc_text id, uint64_t due);
/* It came. */
void promises_kept(struct promises *p, const void *id, size_t len);
/* Takes one that is broken; false: there is none. */
bool promises_broken(struct promises *p, uint64_t now, struct peer_id *by);
/* The peer has left. */
void promises_forget(struct promises *p, const struct peer_id *by);

#endif
