/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/sim/world_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "p2p/kad_answer.h"

enum { TIMEOUT_MS = 5000 };

/* A question on its way, an answer on its way, or the end of waiting for one. */
struct letter {
    TAILQ_ENTRY(letter) link; /* of those that its asker waits for */
    uint32_t from, to;
    struct kad_ask *ask; /* NULL once it does not matter any more */
    size_t len;
    bool answer, lost, silent; /* silent: nothing comes back, as it should be */
    uint8_t bytes[];
};

static uint64_t delay(const struct node *a, const struct node *b)
{
    double way = hypot(a->x - b->x, a->y - b->y) + a->mile + b->mile;
    return (uint64_t)(way < 1 ? 1 : way);
}

/* ---- letters ---- */

static struct letter *write_letter(struct world *w, struct node *asker, struct kad_ask *ask,
                                   const struct kad_message *m)
{
    size_t len = 0;
    world_must(!m || kad_message_encode(m, w->bytes, sizeof(w->bytes), &len) == 0,
               "a message is too long");
    struct letter *l = calloc(1, sizeof(*l) + len);
    world_must(l != NULL, "out of memory");
    l->len = len;
    l->ask = ask;
    if (ask)
        TAILQ_INSERT_TAIL(&asker->letters, l, link);
    memcpy(l->bytes, w->bytes, len);
    if (m) {
        w->figures.messages++;
        w->figures.bytes += len;
    }
    return l;
}

static uint32_t index_of(const struct peer_id *peer)
{
    uint32_t i;
    memcpy(&i, peer->bytes + peer->len - sizeof(i), sizeof(i));
    return i;
}

int world_ask(void *arg, struct kad_ask *ask, const struct peer_id *to, const struct kad_message *m)
{
    struct node *n = arg;
    struct world *w = n->world;
    const struct node *other = w->nodes[index_of(to)];
    if (!world_book_has(n, to)) {
        kad_table_remove(n->table, to);
        return BEAM_ENOTFOUND;
    }
    struct letter *l = write_letter(w, n, ask, m);
    l->from = n->index;
    l->to = other->index;
    l->lost = !other->up || dice_part(&w->dice) < w->spec.loss;
    events_add(&w->events, l->lost ? TIMEOUT_MS : 3 * delay(n, other), l);
    return 0;
}

/* Nobody waits for it any more. */
static struct kad_ask *take_ask(struct node *asker, struct letter *l)
{
    struct kad_ask *ask = l->ask;
    if (ask)
        TAILQ_REMOVE(&asker->letters, l, link);
    l->ask = NULL;
    return ask;
}

void world_forget(void *arg, struct kad_ask *ask)
{
    struct node *n = arg;
    struct letter *l;
    TAILQ_FOREACH(l, &n->letters, link)
    if (l->ask == ask) {
        take_ask(n, l);
        return;
    }
}

enum kad_heed world_learn(void *arg, const struct kad_contact *contact, kad_group *group)
{
    struct node *n = arg;
    *group = 0;
    if (index_of(&contact->peer) >= n->world->n)
        return KAD_BOGUS;
    return world_book_learn(n, contact) ? KAD_FOLLOWED : KAD_PASSED_OVER;
}

static void learn_provider(void *arg, const struct kad_contact *contact)
{
    (void)arg;
    (void)contact;
}

void world_blame(void *arg, const struct peer_id *peer, enum repute_offence what)
{
    struct node *n = arg;
    struct world_figures *f = &n->world->figures;
    enum repute_standing before = world_standing(n, peer);
    enum repute_standing after = repute_blame(n->repute, peer, what, world_now(n->world).ms);
    bool liar = n->world->nodes[index_of(peer)]->tells_of != 0;
    if (after >= REPUTE_IS_DOUBTED)
        kad_table_remove(n->table, peer);
    f->blamed[liar]++;
    f->shunned[liar] += before != REPUTE_IS_SHUNNED && after == REPUTE_IS_SHUNNED;
    f->doubted[liar] += before < REPUTE_IS_DOUBTED && after >= REPUTE_IS_DOUBTED;
}

enum repute_standing world_standing(void *arg, const struct peer_id *peer)
{
    const struct node *n = arg;
    return repute_of(n->repute, peer, world_now(n->world).ms);
}

/* A server is there: it was asked, or it asks. */
static void seen(struct node *n, const struct node *other, bool asked)
{
    world_book_met(n, other, asked);
    if (world_standing(n, &other->peer) < REPUTE_IS_DOUBTED)
        kad_table_seen(n->table, &other->peer, 0, world_now(n->world).ms, NULL);
}

void world_describe(void *arg, struct kad_contact *contact)
{
    world_book_describe(arg, index_of(&contact->peer), contact);
}

/* ---- what an honest server and a liar answer ---- */

static int lie(struct world *w, const struct node *n, const struct kad_message *q,
               struct kad_message *reply)
{
    memset(reply, 0, sizeof(*reply));
    reply->type = q->type;
    reply->key = q->key;
    for (size_t i = n->tells_of; reply->closer_count < WORLD_TOLD && i < n->tells_of + WORLD_TOLD;
         i++)
        if (w->nodes[i] != n) {
            struct kad_contact *c = &reply->closer[reply->closer_count++];
            c->peer = w->nodes[i]->peer;
            world_book_describe(w->nodes[i], (uint32_t)i, c);
        }
    return 1;
}

/* Each is in a network of its own. */
static kad_group whence(void *arg, const struct peer_id *peer)
{
    kad_group group = 1;
    (void)arg;
    for (size_t i = 0; i < peer->len; i++)
        group = group * 31 + peer->bytes[i];
    return group | 1;
}

static void deliver_question(struct world *w, struct letter *l)
{
    static struct kad_message question, reply;
    struct node *to = w->nodes[l->to], *from = w->nodes[l->from];
    const struct kad_answerer a = {.table = to->table,
                                   .store = to->store,
                                   .describe = world_describe,
                                   .blame = world_blame,
                                   .learn = learn_provider,
                                   .whence = whence,
                                   .arg = to};
    world_must(kad_message_decode(l->bytes, l->len, &question) == 0, "a question is none");
    int err = -1;
    if (to->up && world_standing(to, &from->peer) != REPUTE_IS_SHUNNED)
        err = to->tells_of ? lie(w, to, &question, &reply)
                           : kad_answer(&a, &from->peer, &question, world_now(w), &reply);
    if (to->up && from->server && from->up)
        seen(to, from, false);
    struct letter *back = write_letter(w, from, take_ask(from, l), err == 1 ? &reply : NULL);
    back->from = l->to;
    back->to = l->from;
    back->answer = true;
    back->silent = err == 0;
    back->lost = err < 0 || dice_part(&w->dice) < w->spec.loss;
    events_add(&w->events, back->lost && to->up == false ? TIMEOUT_MS : delay(from, to), back);
}

static void deliver_answer(struct world *w, struct letter *l)
{
    static struct kad_message m;
    struct node *n = w->nodes[l->to];
    const struct node *other = w->nodes[l->from];
    struct kad_ask *ask = take_ask(n, l);
    if (!ask)
        return;
    if (l->lost) {
        kad_table_failed(n->table, &other->peer);
        world_book_missed(n, other);
        kad_ask_failed(ask);
        return;
    }
    world_must(l->silent || kad_message_decode(l->bytes, l->len, &m) == 0, "an answer is none");
    if (other->server)
        seen(n, other, true);
    kad_ask_answered(ask, l->silent ? NULL : &m);
}

/* A question that was lost is as good as its answer. */
static struct letter *turn_back(struct letter *l)
{
    uint32_t to = l->to;
    l->to = l->from;
    l->from = to;
    return l;
}

void world_deliver(struct world *w, struct letter *l)
{
    if (l->answer) {
        deliver_answer(w, l);
    } else if (!l->lost) {
        deliver_question(w, l);
    } else {
        deliver_answer(w, turn_back(l));
    }
}
