/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The DHT at scale, on a clock that jumps:
 *
 *     kad [NODES[,NODES…] [SEED [MINUTES [warm]]]]      1000 nodes, a seed of its own, an hour
 *
 * Nodes join one by one, or with `warm`, which is for many, begin with the tables that such have
 * who have been there for hours. Values are put, and the time goes by with a churn of 30 % an hour
 * while look-ups are made: 99.9 % of them must find their value, at a median of at most log2(N)/2
 * hops. Then twenty liars come whose ids were looked for until they lay nearer to a key than
 * anybody's and who tell of each other, and for another key twenty more who tell of ids with
 * nobody behind them: no look-up of those keys may end with a plain "not found". All the while no
 * honest node may be shunned by another, and of a hundred one doubted at most. Of several sizes,
 * the questions that a look-up takes must grow no faster than log N.
 */
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "tests/sim/world.h"

enum {
    VALUES = 200,
    GETS = 5000,
    SIEGE_GETS = 100,
    MINUTE = 60 * 1000,
    HOUR_MINUTES = 60,
    DOUBTED_PART = 100, /* of so many honest nodes one may be doubted, by one other, in all */
    BOOKS_MAX = 2000,   /* nodes that have one, for they are large */
    SIZES_MAX = 8
};

struct figures {
    size_t nodes;
    double asked; /* questions a look-up */
};

static unsigned median_hops(const struct world_figures *f)
{
    uint64_t seen = 0;
    for (unsigned i = 0; i < 16; i++)
        if ((seen += f->hops[i]) * 2 >= f->lookups)
            return i;
    return 16;
}

static int fail(const char *what)
{
    printf("kad: %s\n", what);
    return 1;
}

static int judge_blame(const struct world_figures *f, size_t nodes)
{
    printf("kad: %llu offences held against honest nodes, who were doubted %llu times and shunned "
           "%llu times; liars %llu and %llu times\n",
           (unsigned long long)f->blamed[0], (unsigned long long)f->doubted[0],
           (unsigned long long)f->shunned[0], (unsigned long long)f->doubted[1],
           (unsigned long long)f->shunned[1]);
    fflush(stdout);
    if (f->shunned[0] > 0)
        return fail("an honest node was shunned");
    return f->doubted[0] * DOUBTED_PART > nodes ? fail("too many honest nodes were doubted") : 0;
}

static int go_by(struct world *w, size_t nodes, unsigned minutes, struct figures *figures)
{
    struct world_figures before, after;
    size_t values[VALUES];
    for (size_t i = 0; i < VALUES; i++) {
        values[i] = world_put(w);
        world_run(w, 500);
    }
    world_run(w, 30 * 1000);
    world_figures(w, &before);
    for (size_t i = 0; i < GETS; i++) {
        world_get(w, values[i % VALUES]);
        world_run(w, (uint64_t)minutes * MINUTE / GETS);
    }
    world_run(w, 60 * 1000);
    world_figures(w, &after);
    double hours = (double)(minutes + 1) / HOUR_MINUTES, up = (double)after.up * hours;
    *figures = (struct figures){nodes, (double)after.asked / (double)after.lookups};
    printf(
        "kad: %zu nodes: %llu of %llu found (%llu not, %llu warned, %llu cut off), median of hops "
        "%u, %.1f questions a look-up, %.0f "
        "messages and %.0f kB a node an hour\n",
        nodes, (unsigned long long)after.found, (unsigned long long)after.lookups,
        (unsigned long long)after.silent, (unsigned long long)after.warned,
        (unsigned long long)after.cut_off, median_hops(&after), figures->asked,
        (double)(after.messages - before.messages) / up,
        (double)(after.bytes - before.bytes) / up / 1000);
    if (judge_blame(&after, nodes) != 0)
        return 1;
    if (after.lookups + after.abandoned != GETS)
        return fail("a look-up did not end");
    if ((double)after.found < 0.999 * (double)after.lookups)
        return fail("fewer than 99.9 % of look-ups found their value");
    if (median_hops(&after) > log2((double)nodes) / 2)
        return fail("more hops than log2(N)/2");
    return 0;
}

/* Until all look-ups so far have ended: who asks the dead waits for each. */
static void wait_for_all(struct world *w, uint64_t lookups, struct world_figures *after)
{
    unsigned waited = 0;
    do {
        world_run(w, MINUTE / 4);
        world_figures(w, after);
    } while (after->lookups < lookups && waited++ < 40);
}

static int ask_besieged(struct world *w, size_t nodes, size_t value, const char *lie)
{
    struct world_figures before, after;
    world_figures(w, &before);
    for (size_t i = 0; i < SIEGE_GETS; i++) {
        world_get(w, value);
        world_run(w, 500);
    }
    wait_for_all(w, before.lookups + SIEGE_GETS, &after);
    uint64_t found = after.found - before.found, warned = after.warned - before.warned;
    printf("kad: a key besieged by %d liars who tell of %s: %llu of %d found it, %llu warned, %llu "
           "cut off, %.1f questions a look-up\n",
           WORLD_LIARS, lie, (unsigned long long)found, SIEGE_GETS, (unsigned long long)warned,
           (unsigned long long)(after.cut_off - before.cut_off),
           (double)(after.asked - before.asked) / SIEGE_GETS);
    if (judge_blame(&after, nodes) != 0)
        return 1;
    return found + warned == SIEGE_GETS ? 0 : fail("a besieged key was silently not found");
}

static int sieges(struct world *w, size_t nodes)
{
    size_t values[] = {world_put(w), world_put(w)};
    world_run(w, MINUTE / 2);
    world_besiege(w, values[0], WORLD_OF_EACH_OTHER);
    world_besiege(w, values[1], WORLD_OF_THE_DEAD);
    world_run(w, 10 * MINUTE); /* they become known */
    int status = ask_besieged(w, nodes, values[0], "each other");
    return ask_besieged(w, nodes, values[1], "the dead") != 0 ? 1 : status;
}

static void print_cost(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    printf("kad: %ld s of the processor's time so far, %ld MB at most\n",
           (long)(used.ru_utime.tv_sec + used.ru_stime.tv_sec), used.ru_maxrss / 1024);
    fflush(stdout);
}

static void print_coming(struct world *w, bool warm)
{
    struct world_figures f;
    world_run(w, warm ? MINUTE : 10 * MINUTE);
    world_figures(w, &f);
    if (warm)
        printf("kad: %zu nodes begin as if they had been there for hours\n", f.up);
    else
        printf("kad: %zu nodes came, with %.0f messages and %.0f kB each\n", f.up,
               (double)f.messages / (double)f.up, (double)f.bytes / (double)f.up / 1000);
}

/* 0, or 1 when it has failed. */
static int run(size_t nodes, uint64_t seed, unsigned minutes, bool warm, struct figures *figures)
{
    const struct world_spec spec = {.seed = seed,
                                    .nodes = nodes,
                                    .nated = 0.5,
                                    .loss = 0.01,
                                    .books = nodes <= BOOKS_MAX && !warm,
                                    .warm = warm};
    printf("kad: %zu nodes, half of them behind NATs, 1 %% of messages lost, 30 %% churn an hour, "
           "seed %llu\n",
           nodes, (unsigned long long)seed);
    fflush(stdout);
    struct world *w = world_new(&spec);
    print_coming(w, warm);
    print_cost();
    world_churn(w, 0.3);
    int status = go_by(w, nodes, minutes, figures);
    world_churn(w, 0);
    if (sieges(w, nodes) != 0)
        status = 1;
    world_free(w);
    print_cost();
    return status;
}

/* Compared with the first, as log N grows, and a quarter for chance. */
static int growth(const struct figures *f, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        double cost = f[i].asked / f[0].asked;
        double log_n = log((double)f[i].nodes) / log((double)f[0].nodes);
        printf(
            "kad: from %zu to %zu nodes: %.2f times the questions a look-up, log N grows by %.2f\n",
            f[0].nodes, f[i].nodes, cost, log_n);
        if (cost > 1.25 * log_n)
            return fail("a look-up's cost grows faster than log N");
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct figures figures[SIZES_MAX];
    char *at = argc > 1 ? argv[1] : (char *)"1000";
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : (uint64_t)time(NULL);
    unsigned minutes = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : HOUR_MINUTES;
    bool warm = argc > 4 && strcmp(argv[4], "warm") == 0;
    unsigned passed = 0, failed = 0;
    size_t n = 0;
    if (sodium_init() < 0)
        return 1;
    for (; *at && n < SIZES_MAX; at += *at == ',') {
        if (run(strtoul(at, &at, 10), seed, minutes, warm, &figures[n++]) == 0)
            passed++;
        else
            failed++;
    }
    if (growth(figures, n) != 0)
        failed++;
    printf("%u passed, %u failed, 0 skipped\n", passed, failed);
    return failed > 0;
}
