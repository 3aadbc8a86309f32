/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which messages were seen in the last minutes, and what was found about them (gossipsub v1.0,
 * "Message Cache"): bounded, the oldest makes room. Pure.
 */
#ifndef BEAM_GOSSIP_SEEN_H
#define BEAM_GOSSIP_SEEN_H

#include <sys/queue.h>

#include "base/rng.h"
#include "gossip/post.h"

enum seen_state { SEEN_IGNORED, SEEN_GOOD, SEEN_BAD };

struct seen_entry {
    enum seen_state state;
    uint64_t first, judged; /* ms: when it came, and when it was judged */
    struct post_id id;
    TAILQ_ENTRY(seen_entry) link; /* private: the one that came after it */
};

struct seen;

/* Remembers at most `max`, each for ttl_ms from its coming. 0 or BEAM_ENOMEM. */
int seen_new(const struct rng *rng, size_t max, uint64_t ttl_ms, struct seen **out);
/* NULL allowed. */
void seen_free(struct seen *s);
/* NULL: not seen. Any bytes may be asked for. Borrowed until the next seen_add or seen_expire, or
 * seen_forget of it. */
struct seen_entry *seen_get(const struct seen *s, const void *id, size_t len);
/* One that was not there, SEEN_IGNORED until it is judged. 0 or BEAM_ENOMEM. */
int seen_add(struct seen *s, const struct post_id *id, uint64_t now, struct seen_entry **out);
/* As if it had not come. */
void seen_forget(struct seen *s, struct seen_entry *e);
void seen_expire(struct seen *s, uint64_t now);
size_t seen_count(const struct seen *s);

#endif
