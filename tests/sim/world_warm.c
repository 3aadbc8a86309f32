/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A world whose nodes have been there for long, without their having come one by one: in each
 * bucket of each node are some of those who belong there, and of those who did until they left, as
 * chance has it. When they were last heard of, and how long it takes until it is found out that one
 * has left, is as in worlds whose nodes came (kad.c has a run that compares them). And each knows
 * the size from look-ups that it would have made.
 */
#include "tests/sim/world_parts.h"

#include <math.h>
#include <stdlib.h>

enum {
    LOOKED = 100,
    SAMPLES = 8,
    HEARD_MS = 15 * 60 * 1000,     /* ago, in the mean */
    FOUND_OUT_MS = 20 * 60 * 1000, /* after one left */
    GAPS = 4, /* fewer places than so many are free in a bucket that could be full */
    STRETCHES = 4 * (KAD_K + KAD_LINE_MAX)
};

/* A server, by its id. */
struct place {
    struct kad_id id;
    uint32_t index;
    bool is_there;
    uint64_t came, end; /* when it left, or now */
};

struct places {
    size_t n;
    struct place *all; /* ascending */
};

static const double hour_ms = 3600000;
static const struct kad_id zero;

static int by_id(const void *a, const void *b)
{
    return kad_id_nearer(&zero, &((const struct place *)a)->id, &((const struct place *)b)->id);
}

/* What chance makes of a mean, where each moment is as likely to be the last. */
static uint64_t some_time(struct world *w, double mean)
{
    double ms = -log(1 - dice_part(&w->dice)) * mean, most = (double)events_now(&w->events);
    return (uint64_t)(ms < most ? ms : most);
}

/* Servers that left, and nobody has found out. */
static void add_the_dead(struct world *w)
{
    size_t servers = 0;
    for (size_t i = 0; i < w->n; i++)
        servers += w->nodes[i]->server;
    double hours = FOUND_OUT_MS / hour_ms;
    for (size_t n = (size_t)((double)servers * w->spec.churn * hours); n > 0; n--)
        world_take_down(world_add(w, true));
}

static void live(struct world *w, struct place *p, bool up)
{
    uint64_t now = events_now(&w->events);
    p->end = up ? now : now - (uint64_t)(dice_part(&w->dice) * FOUND_OUT_MS);
    p->is_there = up;
    uint64_t stay = w->spec.churn > 0 ? some_time(w, hour_ms / w->spec.churn) : p->end;
    p->came = p->end > stay ? p->end - stay : 0;
}

static void find_places(struct world *w, struct places *out)
{
    out->n = 0;
    out->all = calloc(w->n, sizeof(out->all[0]));
    world_must(out->all != NULL, "out of memory");
    for (size_t i = 0; i < w->n; i++)
        if (w->nodes[i]->server) {
            struct place *p = &out->all[out->n++];
            kad_id_of_peer(&w->nodes[i]->peer, &p->id);
            p->index = (uint32_t)i;
            live(w, p, w->nodes[i]->up);
        }
    qsort(out->all, out->n, sizeof(out->all[0]), by_id);
}

/* The first that is not below id, in [low, high). */
static size_t lower(const struct places *p, const struct kad_id *id, size_t low, size_t high)
{
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (kad_id_nearer(&zero, &p->all[middle].id, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* id with bit number `bit` as `set` has it and all behind it zero. */
static struct kad_id cut(const struct kad_id *id, unsigned bit, bool set)
{
    struct kad_id out = {{0}};
    for (unsigned i = 0; i < bit / 8; i++)
        out.bytes[i] = id->bytes[i];
    unsigned mask = 0x80u >> bit % 8, above = 0xff00u >> bit % 8;
    out.bytes[bit / 8] = (uint8_t)((id->bytes[bit / 8] & above) | (set ? mask : 0));
    return out;
}

/* When it was last heard of; false: it was not there then. A bucket that has room takes a newcomer
 * when it comes. */
static bool was_heard(struct world *w, const struct place *p, bool has_room, uint64_t *when)
{
    *when = p->end - some_time(w, HEARD_MS);
    if (has_room && *when < p->came)
        *when = p->came;
    return p->came <= *when;
}

static uint64_t looked_up(struct world *w)
{
    return events_now(&w->events) - (uint64_t)(dice_part(&w->dice) * KAD_REFRESH_MS);
}

/* Most buckets that could be full are not, as newcomers' are not yet. One that is has a line. */
static size_t wanted(struct world *w)
{
    size_t gaps = dice_draw(&w->dice) % GAPS;
    return gaps > 0 ? KAD_K - gaps : KAD_K + KAD_LINE_MAX;
}

/* Of the servers in [low, high), all, or as many as are wanted, each from a stretch of its own. */
static void fill_bucket(struct node *n, const struct places *p, size_t low, size_t high)
{
    struct world *w = n->world;
    size_t count = high - low, stretches = count < STRETCHES ? count : STRETCHES;
    uint8_t order[STRETCHES];
    uint64_t when;
    for (size_t i = 0; i < stretches; i++)
        order[i] = (uint8_t)i;
    for (size_t i = 0, had = 0, most = wanted(w); i < stretches && had < most; i++) {
        size_t other = i + dice_draw(&w->dice) % (stretches - i);
        uint8_t stretch = order[other];
        order[other] = order[i];
        double at = (stretch + dice_part(&w->dice)) * (double)count / (double)stretches;
        const struct place *is = &p->all[low + (size_t)at];
        const struct node *there = w->nodes[is->index];
        if (was_heard(w, is, count <= KAD_K, &when) &&
            kad_table_seen(n->table, &there->peer, w->groups[there->index], when, NULL) !=
                BEAM_ELIMIT)
            had++;
    }
    if (count > 0)
        kad_table_looked(n->table, &p->all[low].id, looked_up(w));
}

static void fill_table(struct node *n, const struct places *p)
{
    const struct kad_id *self = kad_table_self(n->table);
    size_t low = 0, high = p->n;
    for (unsigned i = 0; i < KAD_ID_BITS && high - low > 1; i++) {
        const struct kad_id upper = cut(self, i, true);
        size_t middle = lower(p, &upper, low, high);
        bool is_upper = self->bytes[i / 8] & 0x80u >> i % 8;
        if (is_upper)
            fill_bucket(n, p, low, middle);
        else
            fill_bucket(n, p, middle, high);
        *(is_upper ? &low : &high) = middle;
    }
}

static int ascending(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

/* As one who looked up that target: the nearest are all within 2 KAD_K to either side in the order
 * of ids, but for where a long prefix changes, which the median of all samples does not see. */
static void measure(struct node *n, const struct places *p, const struct kad_id *target)
{
    uint64_t distances[4 * KAD_K];
    size_t low = lower(p, target, 0, p->n), count = 0;
    for (size_t before = 0; low > 0 && before < 2 * KAD_K; low--)
        before += p->all[low - 1].is_there;
    for (size_t i = low; i < p->n && count < 4 * KAD_K; i++)
        if (p->all[i].is_there)
            distances[count++] = kad_id_distance(target, &p->all[i].id);
    qsort(distances, count, sizeof(distances[0]), ascending);
    kad_size_add(&n->size, target, distances, count < KAD_REFRESH_K ? count : KAD_REFRESH_K);
}

void world_warm_up(struct world *w)
{
    struct places p;
    add_the_dead(w);
    find_places(w, &p);
    for (size_t i = 0; i < w->n; i++) {
        struct node *n = w->nodes[i];
        if (!n->up)
            continue;
        fill_table(n, &p);
        for (unsigned k = 0; k < SAMPLES; k++) {
            struct kad_id target;
            dice_fill(&w->dice, target.bytes, sizeof(target.bytes));
            measure(n, &p, &target);
        }
        n->looked = LOOKED;
        n->self_due = events_now(&w->events) + (uint64_t)(dice_part(&w->dice) * KAD_SELF_MAX_MS);
    }
    free(p.all);
}
