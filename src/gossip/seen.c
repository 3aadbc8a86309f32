/* SPDX-License-Identifier: BSD-3-Clause */
#include "gossip/seen.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/map.h"

struct seen {
    struct map *map;
    size_t max;
    uint64_t ttl_ms;
    struct seen_entry *oldest, *newest;
};

int seen_new(const struct rng *rng, size_t max, uint64_t ttl_ms, struct seen **out)
{
    struct seen *s = calloc(1, sizeof(*s));
    if (!s)
        return BEAM_ENOMEM;
    *s = (struct seen){.max = max, .ttl_ms = ttl_ms};
    int err = map_new(rng, max, &s->map);
    if (err < 0) {
        free(s);
        return err;
    }
    *out = s;
    return 0;
}

static void forget_oldest(struct seen *s)
{
    struct seen_entry *e = s->oldest;
    s->oldest = e->next;
    if (!s->oldest)
        s->newest = NULL;
    (void)map_take(s->map, e->id.bytes, e->id.len);
    free(e);
}

void seen_free(struct seen *s)
{
    if (!s)
        return;
    while (s->oldest)
        forget_oldest(s);
    map_free(s->map);
    free(s);
}

struct seen_entry *seen_get(const struct seen *s, const void *id, size_t len)
{
    return map_get(s->map, id, len);
}

int seen_add(struct seen *s, const struct post_id *id, uint64_t now, struct seen_entry **out)
{
    struct seen_entry *e = malloc(sizeof(*e));
    if (!e)
        return BEAM_ENOMEM;
    *e = (struct seen_entry){.state = SEEN_PENDING, .first = now, .id = *id};
    if (map_count(s->map) == s->max)
        forget_oldest(s);
    int err = map_put(s->map, id->bytes, id->len, e);
    if (err < 0) {
        free(e);
        return err;
    }
    *(s->newest ? &s->newest->next : &s->oldest) = e;
    s->newest = e;
    *out = e;
    return 0;
}

void seen_expire(struct seen *s, uint64_t now)
{
    while (s->oldest && now - s->oldest->first >= s->ttl_ms)
        forget_oldest(s);
}

size_t seen_count(const struct seen *s)
{
    return map_count(s->map);
}
