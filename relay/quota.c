/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/quota.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/map.h"

struct taker {
    struct taker *next, **link; /* that which asked longest ago first; not while it holds */
    struct bucket bucket;
    size_t held;
    size_t len;
    uint8_t key[QUOTA_KEY_MAX];
};

struct quota {
    struct map *takers;
    struct bucket_rate rate;
    struct taker *first, **last;
    size_t most;
};

static void take_out(struct quota *q, struct taker *t)
{
    if (!t->link)
        return;
    *t->link = t->next;
    if (t->next)
        t->next->link = t->link;
    else
        q->last = t->link;
    t->link = NULL;
}

static void put_last(struct quota *q, struct taker *t)
{
    t->next = NULL;
    t->link = q->last;
    *q->last = t;
    q->last = &t->next;
}

static void forget(struct quota *q, struct taker *t)
{
    take_out(q, t);
    map_take(q->takers, t->key, t->len);
    free(t);
}

/* NULL: there is no room for another. */
static struct taker *taker_of(struct quota *q, const void *key, size_t len)
{
    struct taker *t = map_get(q->takers, key, len);
    if (t)
        return t;
    if (len > QUOTA_KEY_MAX)
        return NULL;
    if (map_count(q->takers) == q->most) {
        if (!q->first)
            return NULL;
        forget(q, q->first);
    }
    t = calloc(1, sizeof(*t));
    if (!t)
        return NULL;
    memcpy(t->key, key, len);
    t->len = len;
    if (map_put(q->takers, key, len, t) < 0) {
        free(t);
        return NULL;
    }
    put_last(q, t);
    return t;
}

bool quota_take(struct quota *q, const void *key, size_t len, uint64_t now_ms, uint64_t *wait_ms)
{
    struct taker *t = q->rate.cost > 0 ? taker_of(q, key, len) : NULL;
    if (!t)
        return true;
    if (t->held == 0) {
        take_out(q, t);
        put_last(q, t);
    }
    if (bucket_take(&t->bucket, &q->rate, 1, now_ms))
        return true;
    if (wait_ms)
        *wait_ms = bucket_wait(&t->bucket, &q->rate, 1, now_ms);
    return false;
}

void quota_give_back(struct quota *q, const void *key, size_t len)
{
    struct taker *t = map_get(q->takers, key, len);
    if (t)
        bucket_give_back(&t->bucket, &q->rate, 1);
}

uint64_t quota_wait(const struct quota *q, const void *key, size_t len, uint64_t now_ms)
{
    const struct taker *t = map_get(q->takers, key, len);
    return t ? bucket_wait(&t->bucket, &q->rate, 1, now_ms) : 0;
}

bool quota_enter(struct quota *q, const void *key, size_t len, size_t most)
{
    struct taker *t = taker_of(q, key, len);
    if (!t)
        return false;
    if (most > 0 && t->held >= most)
        return false;
    if (t->held++ == 0)
        take_out(q, t);
    return true;
}

void quota_leave(struct quota *q, const void *key, size_t len)
{
    struct taker *t = map_get(q->takers, key, len);
    if (t && --t->held == 0)
        put_last(q, t);
}

int quota_new(const struct rng *rng, size_t keys, struct quota **out)
{
    struct quota *q = calloc(1, sizeof(*q));
    if (!q)
        return BEAM_ENOMEM;
    q->last = &q->first;
    q->most = keys;
    int err = map_new(rng, keys, &q->takers);
    if (err < 0)
        free(q);
    else
        *out = q;
    return err;
}

void quota_free(struct quota *q)
{
    struct taker *t;
    size_t at = 0;
    if (!q)
        return;
    while ((t = map_next(q->takers, &at)) != NULL)
        free(t);
    map_free(q->takers);
    free(q);
}

void quota_rate(struct quota *q, const struct bucket_rate *rate)
{
    q->rate = *rate;
}

size_t quota_keys(const struct quota *q)
{
    return map_count(q->takers);
}
