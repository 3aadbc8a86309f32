/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/kad_candidates.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 64 };

void kad_candidates_init(struct kad_candidates *c, const struct kad_id *target)
{
    memset(c, 0, sizeof(*c));
    c->target = *target;
}

void kad_candidates_clear(struct kad_candidates *c)
{
    free(c->all);
    c->all = NULL;
    c->n = c->room = 0;
}

struct kad_candidate *kad_candidates_at(const struct kad_candidates *c, size_t i)
{
    return &c->all[c->order[i]];
}

/* ---- by id ---- */

enum { SLOT_MASK = KAD_CANDIDATES_SLOTS - 1 };

static size_t home_of(const struct peer_id *peer)
{
    uint32_t end = 0;
    size_t len = peer->len < sizeof(end) ? peer->len : sizeof(end);
    memcpy(&end, peer->bytes + peer->len - len, len);
    return end * UINT32_C(0x9e3779b1) >> 16 & SLOT_MASK;
}

/* The slot that has the peer, or the free one where it would be. Whoever makes ids that end alike
 * makes this a walk past as many as there may be, and no more. */
static size_t slot_of(const struct kad_candidates *c, const struct peer_id *peer)
{
    size_t i = home_of(peer);
    while (c->slots[i] && !peer_id_equal(&c->all[c->slots[i] - 1].peer, peer))
        i = (i + 1) & SLOT_MASK;
    return i;
}

/* Frees a slot. Those behind it that it kept from their home move up. */
static void free_slot(struct kad_candidates *c, size_t gap)
{
    for (size_t i = (gap + 1) & SLOT_MASK; c->slots[i]; i = (i + 1) & SLOT_MASK) {
        size_t home = home_of(&c->all[c->slots[i] - 1].peer);
        if (((i - home) & SLOT_MASK) < ((i - gap) & SLOT_MASK))
            continue;
        c->slots[gap] = c->slots[i];
        gap = i;
    }
    c->slots[gap] = 0;
}

struct kad_candidate *kad_candidates_find(const struct kad_candidates *c,
                                          const struct peer_id *peer)
{
    uint16_t place = c->slots[slot_of(c, peer)];
    return place ? &c->all[place - 1] : NULL;
}

/* ---- by nearness ---- */

static bool is_nearer(const struct kad_candidates *c, const struct kad_candidate *a,
                      const struct kad_candidate *b)
{
    return a->distance != b->distance ? a->distance < b->distance
                                      : kad_id_nearer(&c->target, &a->id, &b->id) < 0;
}

/* How many are nearer than it. */
static size_t rank_of(const struct kad_candidates *c, const struct kad_candidate *new)
{
    size_t low = 0, high = c->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (is_nearer(c, kad_candidates_at(c, middle), new))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The farthest of those behind `rank` who were not asked; its place is free then. */
static bool make_room(struct kad_candidates *c, size_t rank, uint16_t *place)
{
    for (size_t i = c->n; i > rank; i--) {
        if (kad_candidates_at(c, i - 1)->state != KAD_NEW)
            continue;
        *place = c->order[i - 1];
        free_slot(c, slot_of(c, &c->all[*place].peer));
        memmove(&c->order[i - 1], &c->order[i], (c->n - i) * sizeof(c->order[0]));
        c->n--;
        return true;
    }
    return false;
}

static bool grow(struct kad_candidates *c)
{
    size_t room = c->room ? 2 * c->room : FIRST_ROOM;
    struct kad_candidate *all = realloc(c->all, room * sizeof(*all));
    if (!all)
        return false;
    c->all = all;
    c->room = room;
    return true;
}

struct kad_candidate *kad_candidates_add(struct kad_candidates *c, const struct peer_id *peer)
{
    struct kad_candidate new = {.peer = *peer, .state = KAD_NEW};
    kad_id_of_peer(peer, &new.id);
    new.distance = kad_id_distance(&c->target, &new.id);
    size_t rank = rank_of(c, &new);
    uint16_t place = (uint16_t)c->n;
    if (c->n == KAD_CANDIDATES_MAX ? !make_room(c, rank, &place) : c->n == c->room && !grow(c))
        return NULL;
    c->all[place] = new;
    memmove(&c->order[rank + 1], &c->order[rank], (c->n - rank) * sizeof(c->order[0]));
    c->order[rank] = place;
    c->n++;
    c->slots[slot_of(c, peer)] = (uint16_t)(place + 1);
    return &c->all[place];
}
