/* SPDX-License-Identifier: BSD-3-Clause */
#include "gossip/cache.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/err.h"
#include "base/map.h"

enum { ASKERS_MAX = 64 /* who may have had one again; later ones get nothing */ };

struct asker {
    uint64_t who;
    unsigned times;
};

struct cached {
    TAILQ_ENTRY(cached) link;
    struct post *post;
    uint64_t window;
    size_t askers, room;
    struct asker *asked;
};
TAILQ_HEAD(cached_list, cached);

struct cache {
    struct cache_spec spec;
    struct map *map;
    struct cached_list list; /* newest first */
    size_t bytes;
    uint64_t window;
};

int cache_new(const struct rng *rng, const struct cache_spec *spec, struct cache **out)
{
    struct cache *c = calloc(1, sizeof(*c));
    if (!c)
        return BEAM_ENOMEM;
    c->spec = *spec;
    TAILQ_INIT(&c->list);
    int err = map_new(rng, spec->posts, &c->map);
    if (err < 0) {
        free(c);
        return err;
    }
    *out = c;
    return 0;
}

static void forget(struct cache *c, struct cached *x)
{
    TAILQ_REMOVE(&c->list, x, link);
    (void)map_take(c->map, x->post->id.bytes, x->post->id.len);
    c->bytes -= x->post->view.len;
    post_drop(x->post);
    free(x->asked);
    free(x);
}

void cache_free(struct cache *c)
{
    if (!c)
        return;
    while (!TAILQ_EMPTY(&c->list))
        forget(c, TAILQ_FIRST(&c->list));
    map_free(c->map);
    free(c);
}

int cache_put(struct cache *c, struct post *p)
{
    if (map_get(c->map, p->id.bytes, p->id.len))
        return 0;
    struct cached *x = calloc(1, sizeof(*x));
    if (!x)
        return BEAM_ENOMEM;
    while (!TAILQ_EMPTY(&c->list) &&
           (map_count(c->map) == c->spec.posts || c->bytes + p->view.len > c->spec.bytes))
        forget(c, TAILQ_LAST(&c->list, cached_list));
    int err = map_put(c->map, p->id.bytes, p->id.len, x);
    if (err < 0) {
        free(x);
        return err;
    }
    x->post = post_hold(p);
    x->window = c->window;
    c->bytes += p->view.len;
    TAILQ_INSERT_HEAD(&c->list, x, link);
    return 0;
}

/* NULL: there is no room for another one. */
static struct asker *asker_of(struct cached *x, uint64_t who)
{
    for (size_t i = 0; i < x->askers; i++)
        if (x->asked[i].who == who)
            return &x->asked[i];
    if (x->askers == ASKERS_MAX)
        return NULL;
    if (x->askers == x->room) {
        size_t room = x->room ? 2 * x->room : 4;
        struct asker *asked = reallocarray(x->asked, room, sizeof(*asked));
        if (!asked)
            return NULL;
        x->asked = asked;
        x->room = room;
    }
    x->asked[x->askers] = (struct asker){.who = who};
    return &x->asked[x->askers++];
}

int cache_give(struct cache *c, const void *id, size_t len, uint64_t who, unsigned times,
               struct post **out)
{
    struct cached *x = map_get(c->map, id, len);
    if (!x)
        return BEAM_ENOTFOUND;
    struct asker *a = asker_of(x, who);
    if (!a || a->times >= times)
        return BEAM_ELIMIT;
    a->times++;
    *out = x->post;
    return 0;
}

size_t cache_ids(const struct cache *c, struct rpc_text topic, struct rpc_text *out, size_t max)
{
    const struct cached *x;
    size_t n = 0;
    TAILQ_FOREACH(x, &c->list, link)
    {
        const struct post *p = x->post;
        if (n == max || c->window - x->window >= c->spec.told)
            break;
        if (p->view.topic_len == topic.len && memcmp(p->view.topic, topic.at, topic.len) == 0)
            out[n++] = (struct rpc_text){.at = p->id.bytes, .len = p->id.len};
    }
    return n;
}

void cache_shift(struct cache *c)
{
    struct cached *x;
    c->window++;
    while ((x = TAILQ_LAST(&c->list, cached_list)) && c->window - x->window >= c->spec.windows)
        forget(c, x);
}

size_t cache_count(const struct cache *c)
{
    return map_count(c->map);
}
