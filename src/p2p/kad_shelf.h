/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Things by key that expire, of which the farthest from us go first when all places are taken: what
 * the values and the providers of kad_store have in common, and for it alone. Pure.
 */
#ifndef BEAM_P2P_KAD_SHELF_H
#define BEAM_P2P_KAD_SHELF_H

#include <stdbool.h>
#include <sys/queue.h>

#include "base/map.h"
#include "p2p/kad_id.h"
#include "p2p/kad_message.h"

/* Embedded first in what lies on a shelf. */
struct kad_item {
    TAILQ_ENTRY(kad_item) by_age, by_nearness;
    uint64_t came;
    struct kad_text key; /* in the same allocation */
    unsigned shared;     /* bits with our id */
};
TAILQ_HEAD(kad_items, kad_item);

struct kad_shelf {
    struct kad_id self;
    struct map *by_key;
    struct kad_items by_age;       /* all live as long: who came first goes first */
    struct kad_items *by_nearness; /* by bits shared; NULL: nothing ever came */
    unsigned farthest;             /* no queue below has any */
    size_t max;
    uint64_t life;
    void (*gone)(void *arg, struct kad_item *item); /* frees it */
    void *arg;
};

int kad_shelf_init(struct kad_shelf *s, const struct rng *rng, const struct kad_id *self,
                   size_t max, uint64_t life, void (*gone)(void *arg, struct kad_item *item),
                   void *arg);
/* All go. Zeroed is fine. */
void kad_shelf_clear(struct kad_shelf *s);
void kad_shelf_expire(struct kad_shelf *s, uint64_t now);
struct kad_item *kad_shelf_find(const struct kad_shelf *s, struct kad_text key);
/* item->key is set. One with the same key goes; on a full shelf the farthest. 0, BEAM_ELIMIT,
 * BEAM_ENOMEM: nothing changed. */
int kad_shelf_put(struct kad_shelf *s, struct kad_item *item, uint64_t now);
/* It counts as having come now. */
void kad_shelf_renew(struct kad_shelf *s, struct kad_item *item, uint64_t now);
void kad_shelf_drop(struct kad_shelf *s, struct kad_item *item);

#endif
