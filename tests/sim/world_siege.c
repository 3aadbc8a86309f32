/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/sim/world_book.h"

#include <string.h>

#include "base/err.h"

/* ---- how they come ---- */

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

static kad_group network_of(struct world *w, const struct world_siege *s, size_t i)
{
    return s->networks ? w->networks[i % s->networks] : KAD_NOWHERE;
}

/* Some that are not there, with ids that were looked for. Returns the first. */
static size_t grind(struct world *w, const struct world_siege *s, const struct kad_id *key,
                    const struct kad_id *nearest, size_t count)
{
    size_t first = w->n;
    for (size_t i = 0; i < count; i++) {
        struct node *n = world_add(w, true);
        struct kad_id id;
        world_take_down(n);
        w->groups[n->index] = network_of(w, s, i);
        do {
            dice_fill(&w->dice, n->peer.bytes + 6, 28);
            kad_id_of_peer(&n->peer, &id);
        } while (kad_id_nearer(key, &id, nearest) > 0);
    }
    return first;
}

static void come(struct world *w, struct node *n, enum world_lie lie, size_t told)
{
    n->liar = true;
    n->lie = lie;
    n->tells_of = (uint32_t)told;
    world_set_up(n);
    w->figures.up++;
    world_join(n);
}

void world_besiege(struct world *w, size_t value, const struct world_siege *s)
{
    struct kad_id key, nearest;
    const struct kad_text text = world_key(&w->values[value]);
    kad_id_of(text.at, text.len, &key);
    nearest_honest(w, &key, &nearest);
    for (size_t i = 0; i < s->networks; i++)
        w->networks[i] = world_network(w);
    size_t first = grind(w, s, &key, &nearest, WORLD_LIARS);
    for (size_t i = 0; i < WORLD_LIARS; i++) {
        size_t told = s->lie == WORLD_OF_THE_DEAD ? grind(w, s, &key, &nearest, WORLD_TOLD) : first;
        come(w, w->nodes[first + i], s->lie, told);
    }
}

void world_relieve(struct world *w)
{
    for (size_t i = 0; i < w->n; i++)
        if (w->nodes[i]->liar && w->nodes[i]->up)
            world_take_down(w->nodes[i]);
}

/* ---- what they say ---- */

static void tell_of(const struct node *liar, struct kad_message *reply)
{
    struct world *w = liar->world;
    for (size_t i = liar->tells_of; i < liar->tells_of + WORLD_TOLD; i++)
        if (w->nodes[i] != liar) {
            struct kad_contact *c = &reply->closer[reply->closer_count++];
            c->peer = w->nodes[i]->peer;
            world_book_describe(w->nodes[i], (uint32_t)i, c);
        }
}

/* Of those who are near it tells as anybody does, and what it is to keep it says that it keeps. */
static int hide(const struct kad_answerer *a, const struct node *asker,
                const struct kad_message *question, struct kad_message *reply)
{
    const struct node *liar = a->arg;
    struct kad_message looked = *question;
    if (question->type == KAD_PUT_VALUE) {
        *reply = *question;
        return 1;
    }
    looked.type = KAD_FIND_NODE;
    int err = kad_answer(a, &asker->peer, &looked, world_now(liar->world), reply);
    reply->type = question->type;
    return err;
}

/* Half of all, and each of them always. */
static bool is_silent_to(const struct node *liar, const struct node *asker)
{
    return (liar->index ^ asker->index) * UINT32_C(0x9e3779b1) >> 31;
}

int world_lie(const struct kad_answerer *a, const struct node *asker,
              const struct kad_message *question, struct kad_message *reply)
{
    const struct node *liar = a->arg;
    if (liar->lie == WORLD_SILENT_TO_SOME && is_silent_to(liar, asker))
        return BEAM_EUNREACH;
    if (liar->lie == WORLD_THAT_IT_HAS_NOTHING)
        return hide(a, asker, question, reply);
    memset(reply, 0, sizeof(*reply));
    reply->type = question->type;
    reply->key = question->key;
    tell_of(liar, reply);
    return 1;
}
