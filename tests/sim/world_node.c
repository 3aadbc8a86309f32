/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/sim/world_book.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SEEDS = 3, BLAMED_MAX = 1024 };

static void place(struct world *w, struct node *n)
{
    n->x = dice_part(&w->dice) * 80;
    n->y = dice_part(&w->dice) * 50;
    n->mile = exp(dice_part(&w->dice) * 3.5); /* 1 to 33 ms */
}

static uint64_t wall(void *arg)
{
    const struct node *n = arg;
    return events_now(&n->world->events);
}

static void found(void *arg, int err, const struct beam_why *why, const struct kad_result *r)
{
    (void)arg;
    (void)err;
    (void)why;
    (void)r;
}

static void look_up(struct node *n, enum kad_job_kind kind, const void *key, size_t len)
{
    struct kad_id id;
    struct kad_job *j;
    const struct kad_text text = {.at = key, .len = len};
    if (kad_job_start(n->jobs, kind, text, text, found, NULL, &j) < 0)
        return;
    kad_id_of(key, len, &id);
    kad_table_looked(n->table, &id, world_now(n->world).ms);
}

struct kad_store *world_make_store(struct world *w, const struct peer_id *peer)
{
    static const struct kad_store_limits limits = {
        .values = 10000, .providers = 10000, .each = 200}; /* as p2p/kad has them */
    struct kad_id self;
    struct kad_store *store = NULL;
    kad_id_of_peer(peer, &self);
    world_must(kad_store_new(&w->rng, &self, &limits, &store) == 0, "out of memory");
    world_must(kad_store_register(store, &world_validator) == 0, "no validator");
    return store;
}

static struct kad_now now(void *arg)
{
    const struct node *n = arg;
    return world_now(n->world);
}

static void again(void *arg, uint64_t ms)
{
    struct node *n = arg;
    n->repeat_due = world_now(n->world).ms + ms;
}

void world_set_up(struct node *n)
{
    TAILQ_INIT(&n->letters);
    world_must(kad_table_new(&n->peer, &n->table) == 0, "out of memory");
    n->store = n->server ? world_make_store(n->world, &n->peer) : n->world->clients;
    const struct kad_jobs_spec spec = {.self = n->peer,
                                       .table = n->table,
                                       .size = &n->size,
                                       .store = n->store,
                                       .ask = world_ask,
                                       .forget = world_forget,
                                       .learn = world_learn,
                                       .blame = world_blame,
                                       .standing = world_standing,
                                       .describe = world_describe,
                                       .wall_ms = wall,
                                       .arg = n};
    world_must(kad_jobs_new(&spec, &n->jobs) == 0, "out of memory");
    const struct kad_repeat_spec repeat = {
        .store = n->store, .jobs = n->jobs, .now = now, .again = again, .arg = n};
    world_must(!n->server || kad_repeat_new(&repeat, &n->repeat) == 0, "out of memory");
    world_must(repute_new(&n->world->rng, BLAMED_MAX, &n->repute) == 0, "out of memory");
    world_book_open(n);
    n->up = true;
}

static void look_self_up(struct node *n)
{
    uint8_t any[KAD_ID_SIZE];
    const struct kad_table_turn turn = kad_table_turn(n->looked++);
    look_up(n, turn.whole ? KAD_JOB_FIND : KAD_JOB_REFRESH, n->peer.bytes, n->peer.len);
    dice_fill(&n->world->dice, any, sizeof(any));
    if (turn.chance)
        look_up(n, KAD_JOB_REFRESH, any, sizeof(any));
    n->self_due = world_now(n->world).ms + kad_table_turn(n->looked).after_ms;
}

/* Knows a few who are there, and looks itself up; then what is farther. */
void world_join(struct node *n)
{
    struct world *w = n->world;
    for (size_t i = 0; i < SEEDS && w->n > 1; i++) {
        const struct node *other = world_random_up(w, true);
        if (!other || other == n)
            continue;
        world_book_met(n, other, true);
        kad_table_seen(n->table, &other->peer, w->groups[other->index], world_now(w).ms, NULL);
    }
    look_self_up(n);
}

struct node *world_add(struct world *w, bool server)
{
    static const uint8_t head[6] = {0x00, 0x24, 0x08, 0x01, 0x12, 0x20};
    if (w->n == w->room) {
        w->room = w->room ? 2 * w->room : 1024;
        w->nodes = realloc(w->nodes, w->room * sizeof(struct node *));
        w->groups = realloc(w->groups, w->room * sizeof(w->groups[0]));
        world_must(w->nodes && w->groups, "out of memory");
    }
    struct node *n = calloc(1, sizeof(*n));
    world_must(n != NULL, "out of memory");
    n->world = w;
    n->index = (uint32_t)w->n;
    n->server = server;
    w->groups[n->index] = world_some_network(w);
    n->peer.len = sizeof(head) + 32;
    memcpy(n->peer.bytes, head, sizeof(head));
    dice_fill(&w->dice, n->peer.bytes + sizeof(head), 28);
    memcpy(n->peer.bytes + n->peer.len - 4, &n->index, 4);
    place(w, n);
    w->nodes[w->n++] = n;
    w->figures.up++;
    world_set_up(n);
    return n;
}

void world_take_down(struct node *n)
{
    n->up = false;
    n->world->figures.up--;
    n->world->figures.abandoned += n->gets;
    kad_repeat_free(n->repeat);
    kad_jobs_free(n->jobs);
    world_forget_all(n);
    kad_table_free(n->table);
    repute_free(n->repute);
    world_book_close(n);
    if (n->server)
        kad_store_free(n->store);
    n->repeat = NULL;
    n->jobs = NULL;
    n->table = NULL;
    n->store = NULL;
    n->repute = NULL;
}

/* What a node does by itself once a minute. Who knows nobody any more begins anew. */
void world_tick(struct node *n)
{
    struct kad_table_key key;
    struct peer_id silent;
    world_book_keep(n);
    uint64_t now = world_now(n->world).ms;
    if (kad_table_count(n->table) == 0)
        world_join(n);
    else if (now >= n->self_due)
        look_self_up(n);
    if (kad_table_silent(n->table, now, &silent))
        world_ask_whether_there(n, &silent);
    if (n->repeat && now >= n->repeat_due)
        kad_repeat_look(n->repeat);
    if (kad_table_refresh(n->table, now, &n->world->rng, &key))
        look_up(n, key.self ? KAD_JOB_FIND : KAD_JOB_REFRESH, key.bytes, key.len);
}
