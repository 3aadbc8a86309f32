/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The DHT at scale, on a clock that jumps:
 *
 *     kad [NODES [SEED]]      1000 nodes, a seed of its own
 *
 * Nodes join, values are put, and an hour with 30 % churn goes by while look-ups are made: 99.9 %
 * of them must find their value, at a median of at most log2(N)/2 hops. Then twenty liars come
 * whose ids were looked for until they lay nearer to a key than anybody's: no look-up of that key
 * may end with a plain "not found".
 */
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/sim/world.h"

enum { VALUES = 200, GETS = 5000, SIBLINGS = 20, SIEGE_GETS = 100, HOUR = 3600 * 1000 };

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

static int quiet_hour(struct world *w, size_t nodes)
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
        world_run(w, HOUR / GETS);
    }
    world_run(w, 60 * 1000);
    world_figures(w, &after);
    double each = (double)(after.messages - before.messages) / (double)after.up;
    printf("kad: %zu nodes: %llu of %llu found, median of hops %u, %.1f questions a look-up, %.0f "
           "messages and %.0f kB a node an hour\n",
           nodes, (unsigned long long)after.found, (unsigned long long)after.lookups,
           median_hops(&after), (double)after.asked / (double)after.lookups, each,
           (double)(after.bytes - before.bytes) / (double)after.up / 1000);
    if (after.lookups + after.abandoned != GETS)
        return fail("a look-up did not end");
    if ((double)after.found < 0.999 * (double)after.lookups)
        return fail("fewer than 99.9 % of look-ups found their value");
    if (median_hops(&after) > log2((double)nodes) / 2)
        return fail("more hops than log2(N)/2");
    return 0;
}

static int siege(struct world *w)
{
    struct world_figures before, after;
    size_t value = world_put(w);
    world_run(w, 30 * 1000);
    world_besiege(w, value, SIBLINGS);
    world_run(w, 10 * 60 * 1000); /* they become known */
    world_figures(w, &before);
    for (size_t i = 0; i < SIEGE_GETS; i++) {
        world_get(w, value);
        world_run(w, 1000);
    }
    world_run(w, 60 * 1000);
    world_figures(w, &after);
    uint64_t found = after.found - before.found, warned = after.warned - before.warned;
    printf("kad: a key besieged by %d liars: %llu of %d found it, %llu warned, %llu cut off\n",
           SIBLINGS, (unsigned long long)found, SIEGE_GETS, (unsigned long long)warned,
           (unsigned long long)(after.cut_off - before.cut_off));
    return found + warned == SIEGE_GETS ? 0 : fail("a besieged key was silently not found");
}

int main(int argc, char **argv)
{
    struct world_spec spec = {.nodes = 1000, .nated = 0.5, .loss = 0.01};
    spec.seed = argc > 2 ? strtoull(argv[2], NULL, 10) : (uint64_t)time(NULL);
    if (argc > 1)
        spec.nodes = strtoul(argv[1], NULL, 10);
    if (sodium_init() < 0)
        return 1;
    printf("kad: %zu nodes, half of them behind NATs, 1 %% of messages lost, 30 %% churn an hour, "
           "seed %llu\n",
           spec.nodes, (unsigned long long)spec.seed);
    fflush(stdout);
    struct world *w = world_new(&spec);
    world_run(w, 20 * 60 * 1000);
    world_churn(w, 0.3);
    int status = quiet_hour(w, spec.nodes);
    world_churn(w, 0);
    if (siege(w) != 0)
        status = 1;
    world_free(w);
    printf("%d passed, %d failed, 0 skipped\n", status ? 0 : 1, status ? 1 : 0);
    return status;
}
