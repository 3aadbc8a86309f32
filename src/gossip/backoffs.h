/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which peer may not be grafted again before when, by topic (gossipsub v1.1, "PRUNE Backoff and
 * Peer Exchange"); it outlasts the connection. Bounded: when it is full, the one that ends first
 * goes. Pure.
 */
#ifndef BEAM_GOSSIP_BACKOFFS_H
#define BEAM_GOSSIP_BACKOFFS_H

#include <stdbool.h>

#include "gossip/rpc.h"
#include "identity/peer_id.h"

enum { BACKOFFS_MAX = 1024 };

struct backoff_row {
    struct peer_id peer;
    uint32_t topic; /* a number of the caller's */
    uint64_t since, until;
};

/* Zeroed at first; backoffs_clear at the end. */
struct backoffs {
    size_t n, room;
    struct backoff_row *list;
};

void backoffs_clear(struct backoffs *b);
/* From now on, unless it lasts longer already. Nothing is remembered without memory. */
void backoffs_add(struct backoffs *b, const struct peer_id *peer, uint32_t topic, uint64_t now,
                  uint64_t until);
/* NULL: it may be grafted. */
const struct backoff_row *backoffs_get(const struct backoffs *b, const struct peer_id *peer,
                                       uint32_t topic, uint64_t now);
void backoffs_expire(struct backoffs *b, uint64_t now);

#endif
