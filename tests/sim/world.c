/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/sim/world.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/err.h"
#include "p2p/kad_answer.h"
#include "tests/sim/dice.h"
#include "tests/sim/events.h"

enum {
    TIMEOUT_MS = 5000,
    TICK_MS = 60 * 1000,
    STEP_MS = 1000,
    VALUES_MAX = 4096,
    TOLD = 20, /* in one answer */
    SEEDS = 3
};

/* A question on its way, an answer on its way, or the end of waiting for one. */
struct letter {
    TAILQ_ENTRY(letter) link; /* of those that its asker waits for */
    uint32_t from, to;
    struct kad_ask *ask; /* NULL once it does not matter any more */
    size_t len;
    bool answer, lost, silent; /* silent: nothing comes back, as it should be */
    uint8_t bytes[];
};
TAILQ_HEAD(letters, letter);

struct node {
    struct world *world;
    struct peer_id peer;
    uint32_t index;
    bool up, server;
    uint32_t tells_of;      /* a liar: the first of those it tells of; 0: it is honest */
    size_t gets;            /* under way */
    struct letters letters; /* whose ask matters */
    double x, y, mile;      /* ms */
    struct kad_table *table;
    struct kad_store *store;
    struct kad_size size;
    struct kad_jobs *jobs;
};

struct value {
    uint8_t key[16], bytes[8];
    uint32_t owner;
};

struct world {
    struct world_spec spec;
    struct events events;
    double churn;
    struct dice dice;
    struct rng rng;
    size_t n, room;
    struct node **nodes;
    struct kad_store *clients; /* of all clients, who keep nothing: for its validators */
    size_t value_count;
    struct value values[VALUES_MAX];
    struct world_figures figures;
    uint8_t bytes[KAD_MESSAGE_MAX];
};

/* ---- chance ---- */

static double chance(struct world *w)
{
    return dice_part(&w->dice);
}

static void must(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "sim: %s\n", what);
        exit(1);
    }
}

/* ---- delay ---- */

static uint64_t delay(const struct node *a, const struct node *b)
{
    double way = hypot(a->x - b->x, a->y - b->y) + a->mile + b->mile;
    return (uint64_t)(way < 1 ? 1 : way);
}

static void place(struct world *w, struct node *n)
{
    n->x = chance(w) * 80;
    n->y = chance(w) * 50;
    n->mile = exp(chance(w) * 3.5); /* 1 to 33 ms */
}

/* ---- messages ---- */

static struct letter *write_letter(struct world *w, struct node *asker, struct kad_ask *ask,
                                   const struct kad_message *m)
{
    size_t len = 0;
    must(!m || kad_message_encode(m, w->bytes, sizeof(w->bytes), &len) == 0,
         "a message is too long");
    struct letter *l = calloc(1, sizeof(*l) + len);
    must(l != NULL, "out of memory");
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

static int node_ask(void *arg, struct kad_ask *ask, const struct peer_id *to,
                    const struct kad_message *m)
{
    struct node *n = arg;
    struct world *w = n->world;
    const struct node *other = w->nodes[index_of(to)];
    struct letter *l = write_letter(w, n, ask, m);
    l->from = n->index;
    l->to = other->index;
    l->lost = !other->up || chance(w) < w->spec.loss;
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

static void node_forget(void *arg, struct kad_ask *ask)
{
    struct node *n = arg;
    struct letter *l;
    TAILQ_FOREACH(l, &n->letters, link)
    if (l->ask == ask) {
        take_ask(n, l);
        return;
    }
}

static bool node_learn(void *arg, const struct kad_contact *contact)
{
    const struct node *n = arg;
    return index_of(&contact->peer) < n->world->n;
}

static void node_learn_provider(void *arg, const struct kad_contact *contact)
{
    (void)node_learn(arg, contact);
}

/* Two addresses of IPv4 and TCP: 8 bytes each. */
static void node_describe(void *arg, struct kad_contact *contact)
{
    static const uint8_t addr[8] = {4, 10, 0, 0, 1, 6, 0x0f, 0xa1};
    (void)arg;
    contact->n = 2;
    contact->addrs[0] = contact->addrs[1] = (struct kad_text){.at = addr, .len = sizeof(addr)};
}

static uint64_t node_wall(void *arg)
{
    const struct node *n = arg;
    return events_now(&n->world->events);
}

/* ---- what an honest server and a liar answer ---- */

static struct kad_now now_of(const struct world *w)
{
    uint64_t ms = events_now(&w->events);
    return (struct kad_now){.ms = ms, .wall_ms = ms};
}

static int lie(struct world *w, const struct node *n, const struct kad_message *q,
               struct kad_message *reply)
{
    memset(reply, 0, sizeof(*reply));
    reply->type = q->type;
    reply->key = q->key;
    for (size_t i = n->tells_of; reply->closer_count < TOLD && i < n->tells_of + TOLD; i++)
        if (w->nodes[i] != n) {
            struct kad_contact *c = &reply->closer[reply->closer_count++];
            c->peer = w->nodes[i]->peer;
            node_describe(NULL, c);
        }
    return 1;
}

static void deliver_question(struct world *w, struct letter *l)
{
    static struct kad_message question, reply;
    struct node *to = w->nodes[l->to], *from = w->nodes[l->from];
    const struct kad_answerer a = {.table = to->table,
                                   .store = to->store,
                                   .describe = node_describe,
                                   .learn = node_learn_provider,
                                   .arg = to};
    must(kad_message_decode(l->bytes, l->len, &question) == 0, "a question is none");
    int err = -1;
    if (to->up)
        err = to->tells_of ? lie(w, to, &question, &reply)
                           : kad_answer(&a, &from->peer, &question, now_of(w), &reply);
    if (to->up && from->server && from->up)
        kad_table_seen(to->table, &from->peer, 0, now_of(w).ms, NULL);
    struct letter *back = write_letter(w, from, take_ask(from, l), err == 1 ? &reply : NULL);
    back->from = l->to;
    back->to = l->from;
    back->answer = true;
    back->silent = err == 0;
    back->lost = err < 0 || chance(w) < w->spec.loss;
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
        kad_ask_failed(ask);
        return;
    }
    must(l->silent || kad_message_decode(l->bytes, l->len, &m) == 0, "an answer is none");
    if (other->server)
        kad_table_seen(n->table, &other->peer, 0, now_of(w).ms, NULL);
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

static void deliver(struct world *w, struct letter *l)
{
    if (l->answer) {
        deliver_answer(w, l);
    } else if (!l->lost) {
        deliver_question(w, l);
    } else {
        deliver_answer(w, turn_back(l));
    }
}

/* ---- values ---- */

/* What the seventh byte says counts: the greater is the better. */
static int check(void *arg, struct kad_text key, struct kad_text value, uint64_t wall_ms)
{
    (void)arg;
    (void)key;
    (void)wall_ms;
    return value.len == 8 ? 0 : BEAM_EINVAL;
}

static int compare(void *arg, struct kad_text key, struct kad_text a, struct kad_text b)
{
    (void)arg;
    (void)key;
    return b.at[7] - a.at[7];
}

/* ---- nodes ---- */

static struct node *random_up(struct world *w, bool server)
{
    for (size_t tries = 0; tries < 100000; tries++) {
        struct node *n = w->nodes[dice_draw(&w->dice) % w->n];
        if (n->up && !n->tells_of && (n->server || !server))
            return n;
    }
    return NULL;
}

static void found_nothing(void *arg, int err, const struct beam_why *why,
                          const struct kad_result *r)
{
    (void)arg;
    (void)err;
    (void)why;
    (void)r;
}

static void look_up(struct node *n, const void *key, size_t len, kad_job_fn *done, void *arg)
{
    struct kad_job *j;
    const struct kad_text text = {.at = key, .len = len};
    (void)kad_job_start(n->jobs, KAD_JOB_FIND, text, text, done, arg, &j);
}

static struct kad_store *make_store(struct world *w, const struct peer_id *peer)
{
    static const struct kad_validator validator = {
        .name = "sim", .check = check, .compare = compare};
    static const struct kad_store_limits limits = {.values = 1000, .providers = 1000, .each = 100};
    struct kad_id self;
    struct kad_store *store = NULL;
    kad_id_of_peer(peer, &self);
    must(kad_store_new(&w->rng, &self, &limits, &store) == 0, "out of memory");
    must(kad_store_register(store, &validator) == 0, "no validator");
    return store;
}

static void set_up(struct node *n)
{
    TAILQ_INIT(&n->letters);
    must(kad_table_new(&n->peer, &n->table) == 0, "out of memory");
    n->store = n->server ? make_store(n->world, &n->peer) : n->world->clients;
    const struct kad_jobs_spec spec = {.self = n->peer,
                                       .table = n->table,
                                       .size = &n->size,
                                       .store = n->store,
                                       .ask = node_ask,
                                       .forget = node_forget,
                                       .learn = node_learn,
                                       .describe = node_describe,
                                       .wall_ms = node_wall,
                                       .arg = n};
    must(kad_jobs_new(&spec, &n->jobs) == 0, "out of memory");
    n->up = true;
}

/* Knows a few who are there, and looks itself up; then what is farther. */
static void join(struct node *n)
{
    struct world *w = n->world;
    for (size_t i = 0; i < SEEDS && w->n > 1; i++) {
        const struct node *other = random_up(w, true);
        if (other && other != n)
            kad_table_seen(n->table, &other->peer, 0, now_of(w).ms, NULL);
    }
    look_up(n, n->peer.bytes, n->peer.len, found_nothing, NULL);
}

static struct node *add_node(struct world *w, bool server)
{
    static const uint8_t head[6] = {0x00, 0x24, 0x08, 0x01, 0x12, 0x20};
    if (w->n == w->room) {
        w->room = w->room ? 2 * w->room : 1024;
        w->nodes = realloc(w->nodes, w->room * sizeof(struct node *));
        must(w->nodes != NULL, "out of memory");
    }
    struct node *n = calloc(1, sizeof(*n));
    must(n != NULL, "out of memory");
    n->world = w;
    n->index = (uint32_t)w->n;
    n->server = server;
    n->peer.len = sizeof(head) + 32;
    memcpy(n->peer.bytes, head, sizeof(head));
    dice_fill(&w->dice, n->peer.bytes + sizeof(head), 28);
    memcpy(n->peer.bytes + n->peer.len - 4, &n->index, 4);
    place(w, n);
    w->nodes[w->n++] = n;
    w->figures.up++;
    set_up(n);
    return n;
}

static void take_down(struct node *n)
{
    n->up = false;
    n->world->figures.up--;
    n->world->figures.abandoned += n->gets;
    kad_jobs_free(n->jobs);
    kad_table_free(n->table);
    if (n->server)
        kad_store_free(n->store);
    n->jobs = NULL;
    n->table = NULL;
    n->store = NULL;
}

/* What a node does by itself once a minute. */
static void tick(struct node *n)
{
    uint8_t key[KAD_ID_SIZE];
    unsigned shared;
    if (!kad_table_refresh(n->table, now_of(n->world).ms, &shared))
        return;
    if (shared > KAD_REFRESH_DEEPEST) {
        look_up(n, n->peer.bytes, n->peer.len, found_nothing, NULL);
    } else {
        kad_table_key_in(n->table, shared, &n->world->rng, key);
        look_up(n, key, sizeof(key), found_nothing, NULL);
    }
}

/* ---- the world ---- */

/* In each second 16 come, or one for each 60 that are there. */
static void grow(struct world *w, size_t nodes)
{
    while (w->n < nodes) {
        size_t end = w->n + (w->n / 60 > 16 ? w->n / 60 : 16);
        while (w->n < nodes && w->n < end)
            join(add_node(w, w->n < 8 || chance(w) >= w->spec.nated));
        world_run(w, 1000);
    }
}

struct world *world_new(const struct world_spec *spec)
{
    struct world *w = calloc(1, sizeof(*w));
    must(w != NULL, "out of memory");
    w->spec = *spec;
    w->dice.state = spec->seed;
    w->rng = (struct rng){.fill = dice_fill, .arg = &w->dice};
    events_init(&w->events);
    w->clients = make_store(w, &(struct peer_id){.len = 0});
    grow(w, spec->nodes);
    return w;
}

void world_free(struct world *w)
{
    void *l;
    for (size_t i = 0; i < w->n; i++) {
        if (w->nodes[i]->up)
            take_down(w->nodes[i]);
        free(w->nodes[i]);
    }
    while ((l = events_next(&w->events, UINT64_MAX)))
        free(l);
    events_clear(&w->events);
    kad_store_free(w->clients);
    free(w->nodes);
    free(w);
}

/* One leaves and one comes, as often as the churn has it. */
static void churn(struct world *w, double hours)
{
    double due = w->churn * hours * (double)w->figures.up;
    for (size_t n = (size_t)due + (chance(w) < due - floor(due)); n > 0; n--) {
        struct node *gone = random_up(w, false);
        bool server = gone->server;
        take_down(gone);
        join(add_node(w, server));
    }
}

/* Each node once a minute, at a second of its own. */
static void tick_all(struct world *w, uint64_t second)
{
    for (size_t i = second % (TICK_MS / STEP_MS); i < w->n; i += TICK_MS / STEP_MS)
        if (w->nodes[i]->up && !w->nodes[i]->tells_of)
            tick(w->nodes[i]);
}

void world_run(struct world *w, uint64_t ms)
{
    uint64_t end = events_now(&w->events) + ms;
    while (events_now(&w->events) < end) {
        struct letter *l;
        uint64_t from = events_now(&w->events), second = from / STEP_MS + 1;
        uint64_t step = second * STEP_MS < end ? second * STEP_MS : end;
        while ((l = events_next(&w->events, step))) {
            deliver(w, l);
            free(l);
        }
        churn(w, (double)(step - from) / 3600000.0);
        if (step == second * STEP_MS)
            tick_all(w, second);
    }
}

size_t world_put(struct world *w)
{
    must(w->value_count < VALUES_MAX, "too many values");
    struct value *v = &w->values[w->value_count];
    struct kad_job *j;
    struct node *n = random_up(w, false);
    snprintf((char *)v->key, sizeof(v->key), "/sim/%zu", w->value_count);
    dice_fill(&w->dice, v->bytes, sizeof(v->bytes));
    v->owner = n->index;
    const struct kad_text key = {.at = v->key, .len = strlen((char *)v->key)};
    const struct kad_text bytes = {.at = v->bytes, .len = sizeof(v->bytes)};
    must(kad_job_start(n->jobs, KAD_JOB_PUT, key, bytes, found_nothing, NULL, &j) == 0,
         "a value cannot be put");
    return w->value_count++;
}

static void got(void *arg, int err, const struct beam_why *why, const struct kad_result *r)
{
    struct node *n = arg;
    struct world *w = n->world;
    (void)why;
    n->gets--;
    w->figures.lookups++;
    w->figures.asked += r->figures.asked;
    w->figures.hops[r->figures.hops < 15 ? r->figures.hops : 15]++;
    if (err == 0)
        w->figures.found++;
    else if (err == BEAM_EAUTH)
        w->figures.warned++;
    else if (err == BEAM_ENOTFOUND)
        w->figures.silent++;
    else
        w->figures.cut_off++;
}

void world_get(struct world *w, size_t value)
{
    struct kad_job *j;
    struct node *n = random_up(w, false);
    const struct value *v = &w->values[value];
    const struct kad_text key = {.at = v->key, .len = strlen((const char *)v->key)};
    must(kad_job_start(n->jobs, KAD_JOB_GET, key, key, got, n, &j) == 0, "nobody can be asked");
    n->gets++;
}

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
        struct node *n = add_node(w, true);
        struct kad_id id;
        take_down(n);
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
    const struct value *v = &w->values[value];
    kad_id_of(v->key, strlen((const char *)v->key), &key);
    nearest_honest(w, &key, &nearest);
    size_t first = grind(w, &key, &nearest, WORLD_LIARS);
    for (size_t i = 0; i < WORLD_LIARS; i++) {
        struct node *n = w->nodes[first + i];
        size_t told = lie == WORLD_OF_THE_DEAD ? grind(w, &key, &nearest, TOLD) : first;
        n->tells_of = (uint32_t)told;
        set_up(n);
        w->figures.up++;
        join(n);
    }
}

void world_churn(struct world *w, double part)
{
    w->churn = part;
}

void world_figures(const struct world *w, struct world_figures *out)
{
    *out = w->figures;
}
