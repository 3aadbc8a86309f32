/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/sim/crowd.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pb.h"
#include "gossip/outbox.h"
#include "gossip/router.h"
#include "tests/sim/events.h"

enum {
    LINKS_MAX = 200,
    BEAT_MS = 1000,
    SETTLED_MS = 15 * 1000, /* from then on a node counts */
    MESSAGES_MAX = 8192,
    RECENT = 64,
    DATA_SIZE = 300,
    SIGNATURE_SIZE = 64
};

static const char topic[] = "sim";

struct link {
    uint32_t to;
    struct router_peer *peer; /* of an honest node */
};

struct node {
    struct crowd_world *world;
    enum crowd_kind kind;
    uint32_t index;
    bool up;
    uint64_t since;
    struct peer_id id;
    struct router *router; /* of an honest node */
    uint64_t seqno;
    size_t n;
    struct link links[LINKS_MAX];
};

struct message {
    uint64_t at;
    uint32_t author;
    uint8_t *got; /* of each node there was: 1 once it had it */
    size_t nodes;
};

enum event_kind { LETTER, BEAT, PUBLISH, CHURN };

struct event {
    enum event_kind kind;
    uint32_t from, to;
    size_t len;
    uint8_t bytes[];
};

struct crowd_world {
    struct crowd_spec spec;
    struct events events;
    uint64_t state, every_ms;
    struct rng rng;
    size_t n, room, message_count;
    struct node **nodes;
    struct message messages[MESSAGES_MAX];
    size_t recent_count;
    struct post *recent[RECENT];
    struct crowd_figures figures;
    struct rpc rpc;
    uint8_t bytes[RPC_MAX];
};

/* ---- chance and failure --------------------------------------------------------------------- */

static uint64_t draw(struct crowd_world *w)
{
    uint64_t z = w->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static double chance(struct crowd_world *w)
{
    return (double)(draw(w) >> 11) / 9007199254740992.0;
}

static void fill(void *arg, void *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)out)[i] = (uint8_t)draw(arg);
}

static void must(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "sim: %s\n", what);
        exit(1);
    }
}

static struct event *add_event(struct crowd_world *w, uint64_t in_ms, enum event_kind kind,
                               uint32_t to, size_t len)
{
    struct event *e = calloc(1, sizeof(*e) + len);
    must(e != NULL, "out of memory");
    e->kind = kind;
    e->to = to;
    e->len = len;
    events_add(&w->events, in_ms, e);
    return e;
}

/* ---- messages ------------------------------------------------------------------------------- */

/* As post_sign makes one, with a signature whose first byte says whether it is good. */
static struct post *make_post(struct node *n, uint32_t number, bool good)
{
    uint8_t bytes[1024], data[DATA_SIZE] = {0}, seqno[POST_SEQNO_SIZE],
                         sig[SIGNATURE_SIZE] = {good};
    struct wire_writer w;
    struct post_view v;
    struct post *p = NULL;
    size_t len = 0;
    memcpy(data, &number, sizeof(number));
    wire_write_init(&w, seqno, sizeof(seqno));
    wire_write_be64(&w, ++n->seqno);
    wire_write_init(&w, bytes, sizeof(bytes));
    pb_write_bytes(&w, 1, n->id.bytes, n->id.len);
    pb_write_bytes(&w, 2, data, sizeof(data));
    pb_write_bytes(&w, 3, seqno, sizeof(seqno));
    pb_write_bytes(&w, 4, topic, sizeof(topic) - 1);
    pb_write_bytes(&w, 5, sig, sizeof(sig));
    must(wire_write_end(&w, &len) == 0 && post_read(bytes, len, &v) == 0 && post_keep(&v, &p) == 0,
         "a message cannot be made");
    return p;
}

static int on_verify(void *arg, const struct post_view *v)
{
    (void)arg;
    return v->signature_len == SIGNATURE_SIZE && v->signature[0] == 1 ? 0 : BEAM_EAUTH;
}

static void on_heard(void *arg, struct post *p)
{
    struct node *n = arg;
    struct crowd_world *w = n->world;
    uint32_t number;
    memcpy(&number, p->view.data, sizeof(number));
    must(number < w->message_count, "a message that nobody sent was accepted");
    struct message *m = &w->messages[number];
    if (n->index >= m->nodes || m->got[n->index])
        return;
    m->got[n->index] = 1;
    w->figures.latency_ms += events_now(&w->events) - m->at;
}

static void publish(struct crowd_world *w)
{
    struct node *n;
    do {
        n = w->nodes[draw(w) % w->n];
    } while (!n->up || n->kind != CROWD_HONEST);
    must(w->message_count < MESSAGES_MAX, "too many messages");
    struct message *m = &w->messages[w->message_count];
    *m = (struct message){.at = events_now(&w->events), .author = n->index, .nodes = w->n};
    m->got = calloc(w->n, 1);
    must(m->got != NULL, "out of memory");
    struct post *p = make_post(n, (uint32_t)w->message_count++, true);
    must(router_publish(n->router, p, events_now(&w->events)) == 0, "publishing");
    post_drop(w->recent[w->recent_count % RECENT]);
    w->recent[w->recent_count++ % RECENT] = p;
}

/* ---- RPCs ----------------------------------------------------------------------------------- */

static void send_bytes(struct node *from, uint32_t to, const uint8_t *bytes, size_t len)
{
    struct crowd_world *w = from->world;
    bool bad = from->kind != CROWD_HONEST;
    *(bad ? &w->figures.bad_bytes : &w->figures.bytes) += len;
    if (!bad && w->nodes[to]->kind != CROWD_HONEST)
        w->figures.bad_answered += len;
    if (chance(w) < w->spec.loss)
        return;
    struct event *e = add_event(w, 10 + draw(w) % 90, LETTER, to, len);
    e->from = from->index;
    memcpy(e->bytes, bytes, len);
}

static void on_send(void *arg, void *user, const uint8_t *rpc, size_t len)
{
    send_bytes(arg, (uint32_t)(uintptr_t)user, rpc, len);
}

static struct link *link_to(struct node *n, uint32_t to)
{
    for (size_t i = 0; i < n->n; i++)
        if (n->links[i].to == to)
            return &n->links[i];
    return NULL;
}

static void deliver(struct crowd_world *w, const struct event *e)
{
    struct node *n = w->nodes[e->to];
    const struct link *l = link_to(n, e->from);
    if (!l || !n->router)
        return;
    if (w->nodes[e->from]->kind == CROWD_HONEST && rpc_decode(e->bytes, e->len, &w->rpc) == 0)
        w->figures.copies += w->rpc.post_count;
    (void)router_rpc(n->router, l->peer, e->bytes, e->len, events_now(&w->events));
}

/* ---- mischief ------------------------------------------------------------------------------- */

static void say(struct node *n, uint32_t to, struct outbox *box)
{
    struct crowd_world *w = n->world;
    size_t len = outbox_take(box, w->bytes);
    if (len > 0)
        send_bytes(n, to, w->bytes, len);
}

static struct rpc_text the_topic(void)
{
    return (struct rpc_text){.at = (const uint8_t *)topic, .len = sizeof(topic) - 1};
}

static void beg(struct node *n, struct outbox *box)
{
    const struct crowd_world *w = n->world;
    struct rpc_text ids[RECENT];
    size_t count = 0;
    for (; count < RECENT && w->recent[count]; count++)
        ids[count] =
            (struct rpc_text){.at = w->recent[count]->id.bytes, .len = w->recent[count]->id.len};
    for (size_t i = 0; count > 0 && i < 15; i++)
        (void)outbox_want(box, ids, count);
}

static void brag(struct node *n, struct outbox *box)
{
    uint8_t made_up[20][46];
    struct rpc_text ids[20];
    fill(n->world, made_up, sizeof(made_up));
    for (size_t i = 0; i < 20; i++)
        ids[i] = (struct rpc_text){.at = made_up[i], .len = sizeof(made_up[i])};
    (void)outbox_have(box, the_topic(), ids, 20);
}

static void parrot(struct node *n, struct outbox *box)
{
    const struct post *p = n->world->recent[0];
    for (size_t i = 0; p && i < 250; i++)
        (void)outbox_post(box, p);
}

static void forge(struct node *n, struct outbox *box)
{
    for (size_t i = 0; i < 5; i++) {
        struct post *p = make_post(n, 0, false);
        (void)outbox_post(box, p);
        post_drop(p);
    }
}

static void babble(struct node *n, uint32_t to)
{
    struct crowd_world *w = n->world;
    memset(w->bytes, 0xff, 200);
    send_bytes(n, to, w->bytes, 200);
}

static void misbehave(struct node *n, uint32_t to)
{
    struct outbox box = {.plain = {.len = 0}};
    switch (n->kind) {
    case CROWD_FORGER:
        forge(n, &box);
        break;
    case CROWD_BABBLER:
        babble(n, to);
        break;
    case CROWD_BEGGAR:
        beg(n, &box);
        break;
    case CROWD_BRAGGART:
        brag(n, &box);
        break;
    case CROWD_PUSHER:
        for (size_t i = 0; i < 3; i++)
            (void)outbox_graft(&box, the_topic());
        break;
    case CROWD_PARROT:
        parrot(n, &box);
        break;
    default:
        break;
    }
    say(n, to, &box);
    outbox_clear(&box);
}

/* ---- nodes ---------------------------------------------------------------------------------- */

static void start_router(struct node *n)
{
    struct crowd_world *w = n->world;
    struct router_spec spec = {
        .rng = &w->rng, .self = n->id, .events = {.send = on_send, .verify = on_verify, .arg = n}};
    struct router_topic t = {.name = topic, .heard = on_heard, .arg = n};
    router_params_default(&spec.params);
    score_topic_default(&t.score);
    must(router_new(&spec, &n->router) == 0 &&
             router_join(n->router, &t, events_now(&w->events)) == 0,
         "out of memory");
}

static struct node *add_node(struct crowd_world *w, enum crowd_kind kind)
{
    static const uint8_t head[6] = {0x00, 0x24, 0x08, 0x01, 0x12, 0x20};
    if (w->n == w->room) {
        w->room = w->room ? 2 * w->room : 256;
        w->nodes = reallocarray(w->nodes, w->room, sizeof(w->nodes[0]));
        must(w->nodes != NULL, "out of memory");
    }
    struct node *n = calloc(1, sizeof(*n));
    must(n != NULL, "out of memory");
    *n = (struct node){.world = w, .kind = kind, .index = (uint32_t)w->n, .up = true};
    n->since = events_now(&w->events);
    n->id.len = sizeof(head) + 32;
    memcpy(n->id.bytes, head, sizeof(head));
    fill(w, n->id.bytes + sizeof(head), 32);
    w->nodes[w->n++] = n;
    if (kind == CROWD_HONEST)
        start_router(n);
    (void)add_event(w, draw(w) % BEAT_MS, BEAT, n->index, 0);
    return n;
}

static void enter(struct node *n, struct node *other, bool outbound)
{
    static const struct score_place nowhere = {.len = 0};
    struct link *l = &n->links[n->n++];
    *l = (struct link){.to = other->index};
    if (n->router) {
        must(router_enter(n->router, &other->id, ROUTER_MESHSUB_1_1, outbound, &nowhere,
                          (void *)(uintptr_t)other->index, events_now(&n->world->events),
                          &l->peer) == 0,
             "a peer cannot enter");
        return;
    }
    struct outbox box = {.plain = {.len = 0}};
    (void)outbox_subscribe(&box, the_topic(), true);
    (void)outbox_graft(&box, the_topic());
    say(n, other->index, &box);
}

static void dial_some(struct node *n, size_t dials)
{
    struct crowd_world *w = n->world;
    for (size_t tries = 0, made = 0; made < dials && tries < 50 * dials; tries++) {
        struct node *other = w->nodes[draw(w) % w->n];
        if (other == n || !other->up || other->kind != CROWD_HONEST || link_to(n, other->index) ||
            other->n == LINKS_MAX || n->n == LINKS_MAX)
            continue;
        enter(n, other, true);
        enter(other, n, false);
        made++;
    }
}

static void unlink_from(struct node *n, uint32_t to)
{
    struct link *l = link_to(n, to);
    if (n->router)
        router_leave(n->router, l->peer, events_now(&n->world->events));
    *l = n->links[--n->n];
}

static void leave(struct node *n)
{
    n->up = false;
    while (n->n > 0) {
        struct node *other = n->world->nodes[n->links[0].to];
        unlink_from(n, other->index);
        unlink_from(other, n->index);
    }
    router_free(n->router);
    n->router = NULL;
}

/* ---- time ----------------------------------------------------------------------------------- */

static void churn(struct crowd_world *w)
{
    double due = w->spec.churn * (double)w->spec.honest;
    for (; due >= 1 || chance(w) < due; due--) {
        struct node *n;
        do {
            n = w->nodes[draw(w) % w->n];
        } while (!n->up || n->kind != CROWD_HONEST);
        leave(n);
        dial_some(add_node(w, CROWD_HONEST), w->spec.dials);
        if (due < 1)
            break;
    }
}

static void beat(struct crowd_world *w, struct node *n)
{
    if (!n->up)
        return;
    (void)add_event(w, BEAT_MS, BEAT, n->index, 0);
    if (n->router) {
        w->figures.node_ms += BEAT_MS;
        router_beat(n->router, events_now(&w->events));
        if (n->n < w->spec.dials / 2) /* those it dialled have gone */
            dial_some(n, w->spec.dials / 2);
        return;
    }
    for (size_t i = 0; i < n->n; i++)
        misbehave(n, n->links[i].to);
}

static void happen(struct crowd_world *w, const struct event *e)
{
    switch (e->kind) {
    case LETTER:
        deliver(w, e);
        break;
    case BEAT:
        beat(w, w->nodes[e->to]);
        break;
    case PUBLISH:
        if (w->every_ms == 0)
            break;
        publish(w);
        (void)add_event(w, w->every_ms, PUBLISH, 0, 0);
        break;
    case CHURN:
        churn(w);
        (void)add_event(w, BEAT_MS, CHURN, 0, 0);
        break;
    }
}

void crowd_run(struct crowd_world *w, uint64_t ms, uint64_t every_ms)
{
    uint64_t until = events_now(&w->events) + ms;
    struct event *e;
    if (every_ms > 0 && w->every_ms == 0)
        (void)add_event(w, every_ms, PUBLISH, 0, 0);
    w->every_ms = every_ms;
    while ((e = events_next(&w->events, until))) {
        happen(w, e);
        free(e);
    }
}

struct crowd_world *crowd_new(const struct crowd_spec *spec)
{
    struct crowd_world *w = calloc(1, sizeof(*w));
    must(w != NULL, "out of memory");
    w->spec = *spec;
    w->state = spec->seed;
    w->rng = (struct rng){.fill = fill, .arg = w};
    events_init(&w->events);
    for (size_t i = 0; i < spec->honest; i++)
        dial_some(add_node(w, CROWD_HONEST), spec->dials);
    for (int kind = CROWD_HONEST + 1; kind < CROWD_KINDS; kind++)
        for (size_t i = 0; i < spec->each_bad; i++)
            dial_some(add_node(w, (enum crowd_kind)kind), 2 * spec->dials);
    (void)add_event(w, BEAT_MS, CHURN, 0, 0);
    return w;
}

/* ---- what came of it ------------------------------------------------------------------------ */

/* Who was there for a while when it was sent, and still is, should have it. */
static void count_message(const struct crowd_world *w, const struct message *m,
                          struct crowd_figures *f)
{
    f->messages++;
    for (size_t i = 0; i < m->nodes; i++) {
        const struct node *n = w->nodes[i];
        if (n->kind != CROWD_HONEST || !n->up || i == m->author || n->since + SETTLED_MS > m->at)
            continue;
        f->due++;
        f->delivered += m->got[i];
    }
}

static void count_links(const struct crowd_world *w, const struct node *n, struct crowd_figures *f)
{
    uint64_t now = events_now(&w->events);
    for (size_t i = 0; i < n->n; i++) {
        enum crowd_kind kind = w->nodes[n->links[i].to]->kind;
        f->links[kind]++;
        f->below[kind] += router_score(n->router, n->links[i].peer, now) < 0;
        f->meshed[kind] += router_is_meshed(n->router, n->links[i].peer, topic);
    }
}

void crowd_figures(struct crowd_world *w, struct crowd_figures *out)
{
    struct crowd_figures f = w->figures;
    struct router_count count;
    f.least_mesh = SIZE_MAX;
    for (size_t i = 0; i < w->message_count; i++)
        count_message(w, &w->messages[i], &f);
    for (size_t i = 0; i < w->n; i++) {
        const struct node *n = w->nodes[i];
        if (!n->router || n->since + SETTLED_MS > events_now(&w->events))
            continue;
        count_links(w, n, &f);
        must(router_count(n->router, topic, &count), "a node is not of its topic");
        f.least_mesh = count.mesh < f.least_mesh ? count.mesh : f.least_mesh;
        f.most_mesh = count.mesh > f.most_mesh ? count.mesh : f.most_mesh;
    }
    *out = f;
}

void crowd_free(struct crowd_world *w)
{
    struct event *e;
    while ((e = events_next(&w->events, UINT64_MAX)))
        free(e);
    events_clear(&w->events);
    for (size_t i = 0; i < w->n; i++) {
        router_free(w->nodes[i]->router);
        free(w->nodes[i]);
    }
    for (size_t i = 0; i < w->message_count; i++)
        free(w->messages[i].got);
    for (size_t i = 0; i < RECENT; i++)
        post_drop(w->recent[i]);
    free(w->nodes);
    free(w);
}
