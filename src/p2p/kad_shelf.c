/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/kad_shelf.h"

#include <stdlib.h>

#include "base/err.h"

int kad_shelf_init(struct kad_shelf *s, const struct rng *rng, const struct kad_id *self,
                   size_t max, uint64_t life, void (*gone)(void *arg, struct kad_item *item),
                   void *arg)
{
    s->self = *self;
    s->max = max;
    s->life = life;
    s->gone = gone;
    s->arg = arg;
    s->farthest = KAD_ID_BITS;
    TAILQ_INIT(&s->by_age);
    return map_new(rng, max + 1, &s->by_key); /* one more while one takes another's place */
}

void kad_shelf_clear(struct kad_shelf *s)
{
    while (s->by_key && !TAILQ_EMPTY(&s->by_age))
        kad_shelf_drop(s, TAILQ_FIRST(&s->by_age));
    map_free(s->by_key);
    s->by_key = NULL;
    free(s->by_nearness);
    s->by_nearness = NULL;
}

void kad_shelf_expire(struct kad_shelf *s, uint64_t now)
{
    struct kad_item *item;
    while ((item = TAILQ_FIRST(&s->by_age)) && now >= item->came + s->life)
        kad_shelf_drop(s, item);
}

struct kad_item *kad_shelf_find(const struct kad_shelf *s, struct kad_text key)
{
    return map_get(s->by_key, key.at, key.len);
}

static unsigned shared_with(const struct kad_shelf *s, struct kad_text key)
{
    struct kad_id id;
    kad_id_of(key.at, key.len, &id);
    return kad_id_shared(&s->self, &id);
}

/* Once the first thing comes, for most who are asked keep nothing. */
static int make_queues(struct kad_shelf *s)
{
    if (s->by_nearness)
        return 0;
    s->by_nearness = malloc((KAD_ID_BITS + 1) * sizeof(s->by_nearness[0]));
    if (!s->by_nearness)
        return BEAM_ENOMEM;
    for (size_t i = 0; i <= KAD_ID_BITS; i++)
        TAILQ_INIT(&s->by_nearness[i]);
    return 0;
}

/* The oldest of the farthest. */
static struct kad_item *farthest(struct kad_shelf *s)
{
    if (!s->by_nearness)
        return NULL;
    while (s->farthest < KAD_ID_BITS && TAILQ_EMPTY(&s->by_nearness[s->farthest]))
        s->farthest++;
    return TAILQ_FIRST(&s->by_nearness[s->farthest]);
}

/* Whether there is a place for key, or one farther from us to take it from. */
static bool has_room(struct kad_shelf *s, struct kad_text key)
{
    if (map_count(s->by_key) < s->max)
        return true;
    const struct kad_item *last = farthest(s);
    return last && last->shared < shared_with(s, key);
}

static void unlink_item(struct kad_shelf *s, struct kad_item *item)
{
    TAILQ_REMOVE(&s->by_age, item, by_age);
    TAILQ_REMOVE(&s->by_nearness[item->shared], item, by_nearness);
}

int kad_shelf_put(struct kad_shelf *s, struct kad_item *item, uint64_t now)
{
    if (make_queues(s) < 0)
        return BEAM_ENOMEM;
    struct kad_item *same = map_swap(s->by_key, item->key.at, item->key.len, item);
    if (same) {
        unlink_item(s, same);
    } else if (!has_room(s, item->key)) {
        return BEAM_ELIMIT;
    } else {
        int err = map_put(s->by_key, item->key.at, item->key.len, item);
        if (err < 0)
            return err;
        if (map_count(s->by_key) > s->max)
            kad_shelf_drop(s, farthest(s));
    }
    item->came = now;
    item->shared = shared_with(s, item->key);
    TAILQ_INSERT_TAIL(&s->by_age, item, by_age);
    TAILQ_INSERT_TAIL(&s->by_nearness[item->shared], item, by_nearness);
    if (item->shared < s->farthest)
        s->farthest = item->shared;
    if (same)
        s->gone(s->arg, same);
    return 0;
}

void kad_shelf_renew(struct kad_shelf *s, struct kad_item *item, uint64_t now)
{
    item->came = now;
    TAILQ_REMOVE(&s->by_age, item, by_age);
    TAILQ_INSERT_TAIL(&s->by_age, item, by_age);
}

void kad_shelf_drop(struct kad_shelf *s, struct kad_item *item)
{
    map_take(s->by_key, item->key.at, item->key.len);
    unlink_item(s, item);
    s->gone(s->arg, item);
}
