/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What names said of themselves to everybody (docs/protocol/names.md, "Being heard of"): whether
 * such a word is passed on. Of each name the rank of its last word is remembered, so that no older
 * one goes around again. Bounded, and no more than so many names are new in a time, for anybody can
 * make up names: those who do leave room for others (gossip/ration). Pure.
 */
#ifndef BEAM_NAMES_LATEST_H
#define BEAM_NAMES_LATEST_H

#include "gossip/ration.h"
#include "gossip/router.h"
#include "names/binding.h"

enum {
    LATEST_MAX = 4096,           /* names; who has been silent longest makes room */
    LATEST_AGAIN_MS = 10 * 1000, /* how soon a name may speak again */
    LATEST_NEW_MAX = 240,        /* new ones at once, */
    LATEST_NEW_MS = 500          /* and one more after each such time */
};

struct latest;

/* rng is borrowed. 0 or BEAM_ENOMEM. */
int latest_new(const struct rng *rng, size_t max, struct latest **out);
/* NULL allowed. */
void latest_free(struct latest *l);
/* What a message says. REJECT: it is no binding; IGNORE: it is over or from the future, no better
 * than the last one, or comes too soon; DECLINE: its name is new, and too many are; ACCEPT: `out`
 * is what it says. `out` may have been written to whatever comes of it. */
enum router_verdict latest_judge(struct latest *l, const struct ration_share *share,
                                 const void *data, size_t len, struct kad_now now,
                                 struct binding *out);

#endif
