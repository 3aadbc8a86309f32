/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/kad_providers.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

enum { STEP = 16 };

struct kad_providers_list {
    size_t n, at; /* looked at so far: of all twice */
    struct kad_provider *of;
};

void kad_providers_clear(struct kad_providers *p)
{
    for (size_t i = 0; i < p->n; i++)
        free(p->lists[i].of);
    free(p->lists);
    *p = (struct kad_providers){.n = 0};
}

int kad_providers_told(struct kad_providers *p, const struct kad_provider *list, size_t n)
{
    if (n == 0)
        return 0;
    if (p->n == p->room) {
        struct kad_providers_list *more = realloc(p->lists, (p->room + STEP) * sizeof(*more));
        if (!more)
            return BEAM_ENOMEM;
        p->lists = more;
        p->room += STEP;
    }
    struct kad_providers_list *l = &p->lists[p->n];
    l->n = n < KAD_PEERS_MAX ? n : KAD_PEERS_MAX;
    l->of = malloc(l->n * sizeof(l->of[0]));
    if (!l->of)
        return BEAM_ENOMEM;
    memcpy(l->of, list, l->n * sizeof(l->of[0]));
    p->n++;
    return 0;
}

struct taking {
    struct peer_id *out;
    size_t n, max;
};

static bool is_taken(const struct taking *t, const struct peer_id *peer)
{
    for (size_t i = 0; i < t->n; i++)
        if (peer_id_equal(&t->out[i], peer))
            return true;
    return false;
}

/* The networks are what one node says: by it none of those that others tell of are left out. */
static bool may_take(const struct taking *t, const struct kad_providers_list *l,
                     const struct kad_provider *p)
{
    size_t same = 0;
    for (size_t i = 0; p->group != KAD_NOWHERE && i < l->n; i++)
        same += l->of[i].group == p->group && is_taken(t, &l->of[i].peer);
    return same < KAD_GROUP_MAX && !is_taken(t, &p->peer);
}

/* One of many of a network in that list. */
static bool is_of_a_crowd(const struct kad_providers_list *l, const struct kad_provider *p)
{
    size_t same = 0;
    for (size_t i = 0; p->group != KAD_NOWHERE && i < l->n; i++)
        same += l->of[i].group == p->group;
    return same > KAD_GROUP_MAX;
}

/* Of those of one list that were not looked at yet, the next that may be taken; those of a crowd
 * come when all others were looked at. */
static bool take_next(struct taking *t, struct kad_providers_list *l)
{
    while (l->at < 2 * l->n) {
        bool again = l->at >= l->n;
        const struct kad_provider *p = &l->of[l->at++ % l->n];
        if (again != is_of_a_crowd(l, p) || !may_take(t, l, p))
            continue;
        t->out[t->n++] = p->peer;
        return true;
    }
    return false;
}

size_t kad_providers_take(struct kad_providers *p, struct peer_id *out, size_t max)
{
    struct taking t = {.out = out, .max = max < KAD_PEERS_MAX ? max : KAD_PEERS_MAX};
    for (size_t i = 0; i < p->n; i++)
        p->lists[i].at = 0;
    for (bool any = true; any;) {
        any = false;
        for (size_t i = 0; i < p->n && t.n < t.max; i++)
            any |= take_next(&t, &p->lists[i]);
    }
    return t.n;
}
