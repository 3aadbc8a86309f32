/* SPDX-License-Identifier: BSD-3-Clause */
#include "gossip/seen.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/map.h"

struct seen {
    struct map *map;
    size_t max;
    uint64_t ttl_ms;
    TAILQ_HEAD(entries, seen_entry) by_age; /* the oldest first */
};

int seen_new(const struct rng *rng, size_t max, uint64_t ttl_ms, struct seen **out)
{
    struct seen *s = calloc(1, sizeof(*s));
    if (!s)
        return BEAM_ENOMEM;
    *s = (struct seen){.max = max, .ttl_ms = ttl_ms};
    TAILQ_INIT(&s->by_age);
    int err = map_new(rng, max, &s->map);
    if (err < 0) {
        free(s);
        return err;
    }
    *out = s;
    return 0;
}

void seen_forget(struct seen *s, struct seen_entry *e)
{
    TAILQ_REMOVE(&s->by_age, e, link);
    (void)map_take(s->map, e->id.bytes, e->id.len);
    free(e);
}

void seen_free(struct seen *s)
{
    if (!s)
        return;
    while (!TAILQ_EMPTY(&s->by_age))
        seen_forget(s, TAILQ_FIRST(&s->by_age));
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
    *e = (struct seen_entry){.state = SEEN_IGNORED, .first = now, .id = *id};
    if (map_count(s->map) == s->max)
        seen_forget(s, TAILQ_FIRST(&s->by_age));
    int err = map_put(s->map, id->bytes, id->len, e);
    if (err < 0) {
        free(e);
        return err;
    }
    TAILQ_INSERT_TAIL(&s->by_age, e, link);
    *out = e;
    return 0;
}

void seen_expire(struct seen *s, uint64_t now)
{
    struct seen_entry *e;
    while ((e = TAILQ_FIRST(&s->by_age)) && now - e->first >= s->ttl_ms)
        seen_forget(s, e);
}

size_t seen_count(const struct seen *s)
{
    return map_count(s->map);
}
