/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/sim/world_parts.h"

static void nearest_honest(const struct world *w, const struct kad_id *key, struct kad_id *out)
{
    bool any = false;
    for (size_t i = 0; i < w->n; i++) {
        struct kad_id id;
        kad_id_of_peer(&w->nodes[i]->peer, &id);
        if (w->nodes[i]->up && w->nodes[i]->server && (!any || kad_id_nearer(key, &id, out) < 0)) {
            *out = id;
            any = true;
        }
    }
}

/* Some that are not there, with ids that were looked for. Returns the first. */
static size_t grind(struct world *w, const struct kad_id *key, const struct kad_id *nearest,
                    size_t count)
{
    size_t first = w->n;
    for (size_t i = 0; i < count; i++) {
        struct node *n = world_add(w, true);
        struct kad_id id;
        world_take_down(n);
        do {
            dice_fill(&w->dice, n->peer.bytes + 6, 28);
            kad_id_of_peer(&n->peer, &id);
        } while (kad_id_nearer(key, &id, nearest) > 0);
    }
    return first;
}

void world_besiege(struct world *w, size_t value, enum world_lie lie)
{
    struct kad_id key, nearest;
    const struct kad_text text = world_key(&w->values[value]);
    kad_id_of(text.at, text.len, &key);
    nearest_honest(w, &key, &nearest);
    size_t first = grind(w, &key, &nearest, WORLD_LIARS);
    for (size_t i = 0; i < WORLD_LIARS; i++) {
        struct node *n = w->nodes[first + i];
        size_t told = lie == WORLD_OF_THE_DEAD ? grind(w, &key, &nearest, WORLD_TOLD) : first;
        n->tells_of = (uint32_t)told;
        world_set_up(n);
        w->figures.up++;
        world_join(n);
    }
}
