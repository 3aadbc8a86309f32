/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/sim/world_book.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "p2p/kad_answer.h"

enum { TIMEOUT_MS = 15 * 1000 }; /* as p2p/kad has it */

/* What somebody gets: a question, an answer, word that it was sent when none is due, or that there
 * will be none: at once when it was refused, else when waiting for it is over; before that, that it
 * takes long. */
enum letter_kind { QUESTION, ANSWER, SENT, SLOW, FAILURE };

struct letter {
    TAILQ_ENTRY(letter) link; /* of those that its asker waits for */
    enum letter_kind kind;
    uint32_t from, to;
    uint64_t asked; /* when the question was sent */
    bool awaited;
    struct kad_ask *ask; /* NULL: of no job, or of none any more */
    size_t len;
    uint8_t bytes[];
};

static uint64_t delay(const struct node *a, const struct node *b)
{
    double way = hypot(a->x - b->x, a->y - b->y) + a->mile + b->mile;
    return (uint64_t)(way < 1 ? 1 : way);
}

static bool is_lost(struct world *w)
{
    return dice_part(&w->dice) < w->spec.loss;
}

/* ---- letters ---- */

static struct letter *write_letter(struct world *w, const struct kad_message *m)
{
    size_t len = 0;
    world_must(!m || kad_message_encode(m, w->bytes, sizeof(w->bytes), &len) == 0,
               "a message is too long");
    struct letter *l = calloc(1, sizeof(*l) + len);
    world_must(l != NULL, "out of memory");
    l->len = len;
    memcpy(l->bytes, w->bytes, len);
    if (m) {
        w->figures.messages++;
        w->figures.bytes += len;
    }
    return l;
}

static void send_letter(struct world *w, struct letter *l, enum letter_kind kind,
                        const struct node *from, const struct node *to, uint64_t in_ms)
{
    l->kind = kind;
    l->from = from->index;
    l->to = to->index;
    events_add(&w->events, in_ms, l);
}

static uint64_t until(const struct world *w, uint64_t when)
{
    uint64_t now = events_now(&w->events);
    return when > now ? when - now : 0;
}

static void send_nothing(struct world *w, struct letter *l, const struct node *from,
                         const struct node *to)
{
    send_letter(w, l, SLOW, from, to, until(w, l->asked + kad_pace_slow(&to->pace)));
}

static void await(struct node *asker, struct letter *l)
{
    l->awaited = true;
    TAILQ_INSERT_TAIL(&asker->letters, l, link);
}

/* Nobody waits for it any more. */
static void dismiss(struct node *asker, struct letter *l)
{
    if (l->awaited)
        TAILQ_REMOVE(&asker->letters, l, link);
    l->awaited = false;
}

/* ---- asking ---- */

/* The question is there after the handshake's way there and back. */
int world_ask(void *arg, struct kad_ask *ask, const struct peer_id *to, const struct kad_message *m)
{
    struct node *n = arg;
    struct world *w = n->world;
    const struct node *other = w->nodes[world_index_of(to)];
    if (!world_book_has(n, to)) {
        kad_table_remove(n->table, to);
        return BEAM_ENOTFOUND;
    }
    int err = world_book_dials(n, other);
    if (err == BEAM_EUNREACH)
        kad_table_failed(n->table, to);
    if (err < 0)
        return err;
    struct letter *l = write_letter(w, m);
    l->asked = events_now(&w->events);
    l->ask = ask;
    await(n, l);
    if (!other->up || is_lost(w))
        send_nothing(w, l, other, n);
    else
        send_letter(w, l, QUESTION, n, other, 3 * delay(n, other));
    return 0;
}

static uint32_t asked_of(const struct letter *l)
{
    return l->kind == QUESTION ? l->to : l->from;
}

void world_forget(void *arg, struct kad_ask *ask)
{
    struct node *n = arg;
    struct letter *l;
    TAILQ_FOREACH(l, &n->letters, link)
    if (l->ask == ask) {
        l->ask = NULL; /* and it goes on, as it does in p2p/kad */
        return;
    }
}

void world_forget_all(struct node *n)
{
    while (!TAILQ_EMPTY(&n->letters))
        dismiss(n, TAILQ_FIRST(&n->letters));
}

void world_ask_whether_there(struct node *n, const struct peer_id *peer)
{
    static struct kad_message m;
    const struct kad_peer *known = kad_table_find(n->table, peer);
    const struct letter *l;
    if (!known || world_now(n->world).ms < known->seen + KAD_SILENT_MS)
        return;
    TAILQ_FOREACH(l, &n->letters, link)
    if (!l->ask && asked_of(l) == world_index_of(peer))
        return;
    m.type = KAD_FIND_NODE;
    m.key = (struct kad_text){.at = n->peer.bytes, .len = n->peer.len};
    (void)world_ask(n, NULL, peer, &m);
}

/* ---- what is heard of others ---- */

enum kad_heed world_learn(void *arg, const struct kad_contact *contact, kad_group *group)
{
    struct node *n = arg;
    uint32_t i = world_index_of(&contact->peer);
    *group = KAD_NOWHERE;
    if (i >= n->world->n)
        return KAD_BOGUS;
    *group = n->world->groups[i];
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
    bool liar = n->world->nodes[world_index_of(peer)]->liar;
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
    struct peer_id check;
    world_book_met(n, other, asked);
    if (world_standing(n, &other->peer) < REPUTE_IS_DOUBTED &&
        kad_table_seen(n->table, &other->peer, n->world->groups[other->index],
                       world_now(n->world).ms, &check) == BEAM_EAGAIN)
        world_ask_whether_there(n, &check);
}

void world_describe(void *arg, struct kad_contact *contact)
{
    world_book_describe(arg, world_index_of(&contact->peer), contact);
}

static kad_group whence(void *arg, const struct peer_id *peer)
{
    const struct node *n = arg;
    return n->world->groups[world_index_of(peer)];
}

/* ---- what comes ---- */

/* As kad_answer; BEAM_EUNREACH: nothing comes from there. */
static int answer(struct node *to, const struct node *from, const struct kad_message *question,
                  struct kad_message *reply)
{
    const struct kad_answerer a = {.table = to->table,
                                   .store = to->store,
                                   .describe = world_describe,
                                   .blame = world_blame,
                                   .learn = learn_provider,
                                   .whence = whence,
                                   .arg = to};
    if (!to->up)
        return BEAM_EUNREACH;
    if (to->liar)
        return world_lie(&a, from, question, reply);
    if (world_standing(to, &from->peer) == REPUTE_IS_SHUNNED)
        return BEAM_EREFUSED;
    return kad_answer(&a, &from->peer, question, world_now(to->world), reply);
}

static void deliver_question(struct world *w, struct letter *l)
{
    static struct kad_message question, reply;
    struct node *to = w->nodes[l->to], *from = w->nodes[l->from];
    world_must(kad_message_decode(l->bytes, l->len, &question) == 0, "a question is none");
    int err = answer(to, from, &question, &reply);
    struct letter *back = write_letter(w, err == 1 ? &reply : NULL);
    back->asked = l->asked;
    back->ask = l->ask;
    if (l->awaited)
        await(from, back);
    dismiss(from, l);
    if (err == BEAM_EUNREACH || is_lost(w))
        send_nothing(w, back, to, from);
    else
        send_letter(w, back,
                    err < 0    ? FAILURE
                    : err == 0 ? SENT
                               : ANSWER,
                    to, from, delay(from, to));
    if (to->up && from->server && from->up)
        seen(to, from, false);
}

static void deliver_slow(struct world *w, struct letter *l)
{
    if (l->ask)
        kad_ask_slow(l->ask);
    send_letter(w, l, FAILURE, w->nodes[l->from], w->nodes[l->to], until(w, l->asked + TIMEOUT_MS));
}

static void deliver_answer(struct world *w, struct letter *l)
{
    static struct kad_message m;
    struct node *n = w->nodes[l->to];
    const struct node *other = w->nodes[l->from];
    dismiss(n, l);
    if (l->kind == FAILURE) {
        kad_table_failed(n->table, &other->peer);
        world_book_missed(n, other);
        if (l->ask)
            kad_ask_failed(l->ask);
        return;
    }
    world_must(l->kind == SENT || kad_message_decode(l->bytes, l->len, &m) == 0,
               "an answer is none");
    kad_pace_took(&n->pace, events_now(&w->events) - l->asked);
    if (other->server)
        seen(n, other, true);
    if (l->ask)
        kad_ask_answered(l->ask, l->kind == SENT ? NULL : &m);
}

void world_deliver(struct world *w, struct letter *l)
{
    bool goes_on = l->kind == SLOW && l->awaited;
    if (l->kind == QUESTION)
        deliver_question(w, l);
    else if (goes_on)
        deliver_slow(w, l);
    else if (l->awaited)
        deliver_answer(w, l);
    if (!goes_on)
        free(l);
}
