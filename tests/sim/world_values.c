/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/sim/world_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

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

/* Longer than any world lasts. */
static uint64_t good_until(void *arg, struct kad_text key, struct kad_text value)
{
    (void)arg;
    (void)key;
    (void)value;
    return UINT64_MAX - 1;
}

const struct kad_validator world_validator = {
    .name = "sim", .check = check, .compare = compare, .until = good_until, .repeated = true};

struct kad_text world_key(const struct value *v)
{
    return (struct kad_text){.at = v->key, .len = strlen((const char *)v->key)};
}

static void on_put(void *arg, int err, const struct beam_why *why, const struct kad_result *r)
{
    struct value *v = arg;
    (void)err;
    (void)why;
    (void)r;
    v->put = true;
}

static void put(struct world *w, struct value *v)
{
    struct kad_job *j;
    struct node *n = world_random_up(w, false);
    const struct kad_text key = world_key(v);
    const struct kad_text bytes = {.at = v->bytes, .len = sizeof(v->bytes)};
    v->owner = n->index;
    v->put = false;
    world_must(kad_job_start(n->jobs, KAD_JOB_PUT, key, bytes, on_put, v, &j) == 0,
               "a value cannot be put");
}

size_t world_value(struct world *w)
{
    world_must(w->value_count < WORLD_VALUES_MAX, "too many values");
    struct value *v = &w->values[w->value_count];
    snprintf((char *)v->key, sizeof(v->key), "/sim/%zu", w->value_count);
    dice_fill(&w->dice, v->bytes, sizeof(v->bytes));
    v->put = true; /* by nobody */
    return w->value_count++;
}

void world_put(struct world *w, size_t value)
{
    put(w, &w->values[value]);
}

void world_put_for(struct world *w, const struct node *gone)
{
    for (size_t i = 0; i < w->value_count; i++)
        if (!w->values[i].put && w->values[i].owner == gone->index)
            put(w, &w->values[i]);
}

struct get {
    struct get *next;
    struct node *node;
    uint64_t began;
};

static void got(void *arg, int err, const struct beam_why *why, const struct kad_result *r)
{
    struct get *g = arg;
    struct world *w = g->node->world;
    uint64_t took = (events_now(&w->events) - g->began) / 1000;
    (void)why;
    g->node->gets--;
    w->figures.seconds[took < WORLD_SECONDS ? took : WORLD_SECONDS - 1]++;
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
    const struct kad_text key = world_key(&w->values[value]);
    struct get *g = calloc(1, sizeof(*g));
    world_must(g != NULL, "out of memory");
    *g = (struct get){
        .next = w->gets, .node = world_random_up(w, false), .began = events_now(&w->events)};
    w->gets = g;
    g->node->gets++;
    world_must(kad_job_start(g->node->jobs, KAD_JOB_GET, key, key, got, g, &j) == 0,
               "nobody can be asked");
}

void world_free_gets(struct world *w)
{
    struct get *g;
    while ((g = w->gets)) {
        w->gets = g->next;
        free(g);
    }
}
