/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The messages of the last heartbeats, for those who want them (gossipsub v1.0, "Message Cache").
 * A window is one heartbeat. Bounded in messages and bytes; the oldest makes room. Pure.
 */
#ifndef BEAM_GOSSIP_CACHE_H
#define BEAM_GOSSIP_CACHE_H

#include "base/rng.h"
#include "gossip/post.h"
#include "gossip/rpc.h"

struct cache;

struct cache_spec {
    unsigned windows; /* that are kept */
    unsigned told;    /* of these, the latest, whose ids are told to others */
    size_t posts, bytes;
};

/* 0 or BEAM_ENOMEM. */
int cache_new(const struct rng *rng, const struct cache_spec *spec, struct cache **out);
/* NULL allowed. */
void cache_free(struct cache *c);
/* Holds it. Nothing happens when it is there. 0 or BEAM_ENOMEM. */
int cache_put(struct cache *c, struct post *p);
/* Counted, for `who` (a number of the caller's). Borrowed. 0; BEAM_ENOTFOUND: it is not there;
 * BEAM_ELIMIT: who had it `times` times already, or too many have. */
int cache_give(struct cache *c, const void *id, size_t len, uint64_t who, unsigned times,
               struct post **out);
/* The ids of a topic, newest first, of the windows that are told: views of posts that the cache
 * holds. Returns how many. */
size_t cache_ids(const struct cache *c, struct rpc_text topic, struct rpc_text *out, size_t max);
/* A heartbeat has passed. */
void cache_shift(struct cache *c);
size_t cache_count(const struct cache *c);

#endif
