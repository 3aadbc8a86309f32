/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/sim/world_parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TICK_MS = 60 * 1000, STEP_MS = 1000, LONG_MS = 24 * 60 * 60 * 1000 };

void world_must(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "sim: %s\n", what);
        exit(1);
    }
}

struct kad_now world_now(const struct world *w)
{
    uint64_t ms = events_now(&w->events);
    return (struct kad_now){.ms = ms, .wall_ms = ms};
}

uint32_t world_index_of(const struct peer_id *peer)
{
    uint32_t i;
    memcpy(&i, peer->bytes + peer->len - sizeof(i), sizeof(i));
    return i;
}

struct node *world_random_up(struct world *w, bool server)
{
    for (size_t tries = 0; tries < 100000; tries++) {
        struct node *n = w->nodes[dice_draw(&w->dice) % w->n];
        if (n->up && !n->liar && (n->server || !server))
            return n;
    }
    return NULL;
}

static struct node *add(struct world *w)
{
    return world_add(w, w->n < 8 || dice_part(&w->dice) >= w->spec.nated);
}

/* In each second 16 come, or one for each 60 that are there. */
static void grow(struct world *w, size_t nodes)
{
    while (w->n < nodes) {
        size_t end = w->n + (w->n / 60 > 16 ? w->n / 60 : 16);
        while (w->n < nodes && w->n < end)
            world_join(add(w));
        world_run(w, 1000);
    }
}

struct world *world_new(const struct world_spec *spec)
{
    struct world *w = calloc(1, sizeof(*w));
    world_must(w != NULL, "out of memory");
    w->spec = *spec;
    w->dice.state = spec->seed;
    w->rng = (struct rng){.fill = dice_fill, .arg = &w->dice};
    events_init(&w->events);
    w->clients = world_make_store(w, &(struct peer_id){.len = 0});
    if (spec->warm) {
        events_next(&w->events, LONG_MS);
        while (w->n < spec->nodes)
            add(w);
        world_warm_up(w);
    } else {
        grow(w, spec->nodes);
    }
    w->churn = spec->churn;
    return w;
}

void world_free(struct world *w)
{
    void *l;
    for (size_t i = 0; i < w->n; i++) {
        if (w->nodes[i]->up)
            world_take_down(w->nodes[i]);
        free(w->nodes[i]);
    }
    while ((l = events_next(&w->events, UINT64_MAX)))
        free(l);
    events_clear(&w->events);
    kad_store_free(w->clients);
    world_free_gets(w);
    free(w->nodes);
    free(w->groups);
    free(w);
}

/* One leaves and one comes, as often as the churn has it. */
static void churn(struct world *w, double hours)
{
    double due = w->churn * hours * (double)w->figures.up;
    for (size_t n = (size_t)due + (dice_part(&w->dice) < due - floor(due)); n > 0; n--) {
        struct node *gone = world_random_up(w, false);
        bool server = gone->server;
        world_take_down(gone);
        world_join(world_add(w, server));
        world_put_for(w, gone);
    }
}

/* Each node once a minute, at a second of its own. */
static void tick_all(struct world *w, uint64_t second)
{
    for (size_t i = second % (TICK_MS / STEP_MS); i < w->n; i += TICK_MS / STEP_MS)
        if (w->nodes[i]->up && !w->nodes[i]->liar)
            world_tick(w->nodes[i]);
}

void world_run(struct world *w, uint64_t ms)
{
    uint64_t end = events_now(&w->events) + ms;
    while (events_now(&w->events) < end) {
        struct letter *l;
        uint64_t from = events_now(&w->events), second = from / STEP_MS + 1;
        uint64_t step = second * STEP_MS < end ? second * STEP_MS : end;
        while ((l = events_next(&w->events, step)))
            world_deliver(w, l);
        churn(w, (double)(step - from) / 3600000.0);
        if (step == second * STEP_MS)
            tick_all(w, second);
    }
}

void world_churn(struct world *w, double part)
{
    w->churn = part;
}

void world_figures(const struct world *w, struct world_figures *out)
{
    *out = w->figures;
    out->ms = events_now(&w->events);
}

static void count_entries(const struct world *w, const struct kad_table *t, struct world_tables *f)
{
    const struct kad_peer *peers[KAD_K];
    for (unsigned shared = 0; shared < KAD_ID_BITS; shared++)
        for (size_t k = kad_table_bucket(t, shared, peers); k > 0; k--) {
            f->entries++;
            f->dead += !w->nodes[world_index_of(&peers[k - 1]->peer)]->up;
        }
}

void world_tables(const struct world *w, struct world_tables *out)
{
    *out = (struct world_tables){.entries = 0};
    for (size_t i = 0; i < w->n; i++)
        if (w->nodes[i]->up && !w->nodes[i]->liar)
            count_entries(w, w->nodes[i]->table, out);
}
