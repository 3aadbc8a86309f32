/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What each of many may take: a bucket for each key of bytes, and a count of what it holds at
 * once. Pure. The table is bounded: the key that asked longest ago makes room, unless it holds
 * something. Whoever comes under more keys than there is room for is bounded by what is counted for
 * all together.
 */
#ifndef BEAM_RELAY_QUOTA_H
#define BEAM_RELAY_QUOTA_H

#include <stddef.h>

#include "base/rng.h"
#include "relay/bucket.h"

enum { QUOTA_KEY_MAX = 44 };

struct quota;

/* For at most `keys` of them. 0 or BEAM_ENOMEM. */
int quota_new(const struct rng *rng, size_t keys, struct quota **out);
/* NULL allowed. */
void quota_free(struct quota *q);
/* From now on, for all. */
void quota_rate(struct quota *q, const struct bucket_rate *rate);

/* One token of this key's. False: it has none; *wait_ms (NULL allowed) until it has. A key for
 * which there is no room, because all hold something, is let pass. */
bool quota_take(struct quota *q, const void *key, size_t len, uint64_t now_ms, uint64_t *wait_ms);
/* One that was taken, and not used after all. */
void quota_give_back(struct quota *q, const void *key, size_t len);
/* Milliseconds until quota_take would give this key one; 0: it has. Takes nothing. */
uint64_t quota_wait(const struct quota *q, const void *key, size_t len, uint64_t now_ms);
/* One more at once, at most `most` (0: any); false: it has as many. Ended by quota_leave. */
bool quota_enter(struct quota *q, const void *key, size_t len, size_t most);
void quota_leave(struct quota *q, const void *key, size_t len);
size_t quota_keys(const struct quota *q);

#endif
