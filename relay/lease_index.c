/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/lease_index.h"

#include <stdlib.h>
#include <string.h>

int lease_index_init(struct lease_index *x, const struct rng *rng, size_t most)
{
    *x = (struct lease_index){.ids = NULL};
    x->live.last = &x->live.first;
    x->lapsed.last = &x->lapsed.first;
    return map_new(rng, most, &x->ids) == 0 && map_new(rng, most, &x->names) == 0 &&
                   map_new(rng, most, &x->holders) == 0
               ? 0
               : BEAM_ENOMEM;
}

static void append(struct lease_index *x, struct lease *l, bool lapsed)
{
    struct lease_list *list = lapsed ? &x->lapsed : &x->live;
    l->lapsed = lapsed;
    l->next = NULL;
    l->link = list->last;
    *list->last = l;
    list->last = &l->next;
}

static void take_out(struct lease_index *x, struct lease *l)
{
    struct lease_list *list = l->lapsed ? &x->lapsed : &x->live;
    *l->link = l->next;
    if (l->next)
        l->next->link = l->link;
    else
        list->last = l->link;
}

void lease_index_move(struct lease_index *x, struct lease *l, bool lapsed)
{
    take_out(x, l);
    append(x, l, lapsed);
}

static int hold(struct lease_index *x, struct lease *l)
{
    struct lease_holder *h = lease_index_holder(x, &l->owner);
    if (!h) {
        h = calloc(1, sizeof(*h));
        if (!h)
            return BEAM_ENOMEM;
        h->owner = l->owner;
        int err = map_put(x->holders, h->owner.bytes, h->owner.len, h);
        if (err < 0) {
            free(h);
            return err;
        }
    }
    l->holder = h;
    l->sibling = h->first;
    h->first = l;
    h->count++;
    return 0;
}

static void let_go(struct lease_index *x, struct lease *l)
{
    struct lease_holder *h = l->holder;
    struct lease **at = &h->first;
    while (*at != l)
        at = &(*at)->sibling;
    *at = l->sibling;
    if (--h->count > 0)
        return;
    map_take(x->holders, h->owner.bytes, h->owner.len);
    free(h);
}

int lease_index_add(struct lease_index *x, const struct lease *lease, struct lease **out)
{
    struct lease *l = malloc(sizeof(*l));
    if (!l)
        return BEAM_ENOMEM;
    *l = *lease;
    int err = map_put(x->ids, l->id, sizeof(l->id), l);
    if (err < 0)
        goto no_id;
    if (l->name[0])
        err = map_put(x->names, l->name, strlen(l->name), l);
    if (err < 0)
        goto no_name;
    err = hold(x, l);
    if (err < 0)
        goto no_holder;
    append(x, l, false);
    *out = l;
    return 0;
no_holder:
    if (l->name[0])
        map_take(x->names, l->name, strlen(l->name));
no_name:
    map_take(x->ids, l->id, sizeof(l->id));
no_id:
    free(l);
    return err;
}

void lease_index_remove(struct lease_index *x, struct lease *l)
{
    map_take(x->ids, l->id, sizeof(l->id));
    if (l->name[0])
        map_take(x->names, l->name, strlen(l->name));
    let_go(x, l);
    take_out(x, l);
    free(l);
}

void lease_index_clear(struct lease_index *x)
{
    while (x->live.first)
        lease_index_remove(x, x->live.first);
    while (x->lapsed.first)
        lease_index_remove(x, x->lapsed.first);
    map_free(x->ids);
    map_free(x->names);
    map_free(x->holders);
}

struct lease *lease_index_id(const struct lease_index *x, const uint8_t id[RESERVATION_ID_SIZE])
{
    return map_get(x->ids, id, RESERVATION_ID_SIZE);
}

struct lease *lease_index_name(const struct lease_index *x, const char *name)
{
    return map_get(x->names, name, strlen(name));
}

struct lease_holder *lease_index_holder(const struct lease_index *x, const struct peer_id *owner)
{
    return map_get(x->holders, owner->bytes, owner->len);
}

size_t lease_index_count(const struct lease_index *x)
{
    return map_count(x->ids);
}
