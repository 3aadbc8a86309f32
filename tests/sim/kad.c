/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The DHT at scale, on a clock that jumps:
 *
 *     kad [NODES[,NODES…] [SEED [MINUTES [HOURS [warm|both]]]]]
 *
 * which are 1000 nodes, a seed of its own, an hour and three if nothing is said. With 0 MINUTES
 * there is nothing but the liars of the last part, all of whom come at any size.
 *
 * Nodes join one by one, or with `warm`, which is for many, begin with the tables that such have
 * who have been there for hours. Half of them are behind NATs, a tenth of the others is reached by
 * an onion or a relay alone, and 30 % leave in an hour. Values are put that nobody touches for
 * HOURS, and are asked for then (0: none are). Then others are put, and asked for during MINUTES:
 * 99.9 % of all these look-ups must find their value, at a median of at most log2(N)/2 hops. Then
 * come twenty liars at a time (trials[] below) whose ids were looked for until they lay nearer to a
 * key than anybody's: no look-up of that key may end with a plain "not found". And where many say
 * that they provide a key, from few networks, those who do must be found among them. All the while
 * no honest node may be shunned by another, and of a hundred one doubted at most. Of several sizes,
 * the questions that a look-up takes must grow no faster than log N; and with `both`, which has
 * each size begin in either way, what a look-up takes must be the same in both, but for a tenth.
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
    KEPT = 300,
    GETS_EACH = 10, /* look-ups for each node, and in all: */
    GETS_MAX = 5000,
    SIEGE_GETS = 100,   /* in a world of this many; else half of it: */
    SIEGE_NODES = 1000, /* which is where providers are looked for, too */
    MINUTE = 60 * 1000,
    HOUR_MINUTES = 60,
    KNOWN_MINUTES = 4, /* in which liars become known */
    PROVIDERS = 30,
    FLOOD = 300,
    FLOOD_NETWORKS = 3,
    DOUBTED_PART = 100, /* of so many honest nodes one may be doubted, by one other, in all */
    BOOKS_MAX = 2000,   /* nodes that have one, for they are large */
    SIZES_MAX = 8,
    LARGE = 50000,   /* nodes: of so many */
    LARGE_TRIALS = 2 /* a few trials are enough */
};

static const double churn = 0.3;

static const struct trial {
    struct world_siege siege;
    bool late; /* the value is put when they are there already */
    const char *lie;
} trials[] = {
    {{WORLD_OF_EACH_OTHER, 20}, false, "tell of each other"},
    {{WORLD_OF_THE_DEAD, 20}, false, "tell of the dead"},
    {{WORLD_SILENT_TO_SOME, 20}, false, "are silent to half of all"},
    {{WORLD_THAT_IT_HAS_NOTHING, 20}, true, "hide what they have"},
    {{WORLD_OF_EACH_OTHER, 3}, true, "tell of each other"},
    {{WORLD_OF_THE_DEAD, 3}, true, "tell of the dead"},
    {{WORLD_OF_THE_DEAD, 0}, false, "tell of the dead"},
    {{WORLD_SILENT_TO_SOME, 3}, true, "are silent to half of all"},
    {{WORLD_THAT_IT_HAS_NOTHING, 0}, true, "hide what they have"},
};

enum { TRIALS = sizeof(trials) / sizeof(trials[0]) };

struct figures {
    size_t nodes;
    double found, hops, asked, messages; /* of look-ups; questions of one; sent in a node's hour */
    double dead;                         /* part of tables */
};

static unsigned median_hops(const struct world_figures *f)
{
    uint64_t seen = 0;
    for (unsigned i = 0; i < 16; i++)
        if ((seen += f->hops[i]) * 2 >= f->lookups)
            return i;
    return 16;
}

static double mean_hops(const struct world_figures *f)
{
    uint64_t all = 0;
    for (unsigned i = 0; i < 16; i++)
        all += i * f->hops[i];
    return (double)all / (double)f->lookups;
}

/* That a part of all look-ups took at most. */
static unsigned seconds(const struct world_figures *f, double part)
{
    uint64_t seen = 0;
    for (unsigned i = 0; i < WORLD_SECONDS; i++)
        if ((double)(seen += f->seconds[i]) >= part * (double)f->lookups)
            return i + 1;
    return WORLD_SECONDS;
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

/* What came between the two. */
static struct world_figures between(const struct world_figures *before,
                                    const struct world_figures *after)
{
    struct world_figures f = *after;
    f.messages -= before->messages;
    f.bytes -= before->bytes;
    f.lookups -= before->lookups;
    f.found -= before->found;
    f.silent -= before->silent;
    f.warned -= before->warned;
    f.cut_off -= before->cut_off;
    f.abandoned -= before->abandoned;
    f.asked -= before->asked;
    f.ms -= before->ms;
    for (unsigned i = 0; i < 16; i++)
        f.hops[i] -= before->hops[i];
    for (unsigned i = 0; i < WORLD_SECONDS; i++)
        f.seconds[i] -= before->seconds[i];
    return f;
}

/* Until all of so many look-ups have ended: who asks the dead waits for each. */
static struct world_figures wait_for_all(struct world *w, uint64_t lookups,
                                         const struct world_figures *before)
{
    struct world_figures f;
    unsigned waited = 0;
    do {
        world_run(w, MINUTE / 4);
        world_figures(w, &f);
        f = between(before, &f);
    } while (f.lookups + f.abandoned < lookups && waited++ < 40);
    return f;
}

static void put_all(struct world *w, size_t *values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        values[i] = world_value(w);
        world_put(w, values[i]);
        world_run(w, 500);
    }
    world_run(w, MINUTE / 2);
}

static int judge_found(const struct world_figures *f, uint64_t lookups)
{
    if (f->lookups + f->abandoned != lookups)
        return fail("a look-up did not end");
    if ((double)f->found < 0.999 * (double)f->lookups)
        return fail("fewer than 99.9 % of look-ups found their value");
    return 0;
}

static void print_tables(const struct world *w, double *part)
{
    struct world_tables t;
    world_tables(w, &t);
    *part = (double)t.dead / (double)t.entries;
    printf("kad: of those in tables %.1f %% are not there\n", 100 * *part);
}

/* What was put is found after hours in which nobody asked for it. */
static int keep(struct world *w, unsigned hours)
{
    size_t values[KEPT];
    struct world_figures before, f;
    put_all(w, values, KEPT);
    for (unsigned i = 0; i < hours * HOUR_MINUTES; i++)
        world_run(w, MINUTE);
    world_figures(w, &before);
    for (size_t i = 0; i < KEPT; i++) {
        world_get(w, values[i]);
        world_run(w, 200);
    }
    f = wait_for_all(w, KEPT, &before);
    printf("kad: %u hours after they were put %llu of %llu values are found (%llu not, %llu "
           "warned, %llu cut off)\n",
           hours, (unsigned long long)f.found, (unsigned long long)f.lookups,
           (unsigned long long)f.silent, (unsigned long long)f.warned,
           (unsigned long long)f.cut_off);
    fflush(stdout);
    return judge_found(&f, KEPT);
}

static int go_by(struct world *w, size_t nodes, unsigned minutes, struct figures *figures)
{
    struct world_figures before, after, f;
    size_t values[VALUES], gets = GETS_EACH * nodes < GETS_MAX ? GETS_EACH * nodes : GETS_MAX;
    put_all(w, values, VALUES);
    world_figures(w, &before);
    for (size_t i = 0; i < gets; i++) {
        world_get(w, values[i % VALUES]);
        world_run(w, (uint64_t)minutes * MINUTE / gets);
    }
    f = wait_for_all(w, gets, &before);
    world_figures(w, &after);
    double hours = (double)f.ms / MINUTE / HOUR_MINUTES, up = (double)f.up * hours;
    *figures = (struct figures){.nodes = nodes,
                                .found = (double)f.found / (double)f.lookups,
                                .hops = mean_hops(&f),
                                .asked = (double)f.asked / (double)f.lookups,
                                .messages = (double)f.messages / up};
    printf("kad: %zu nodes: %llu of %llu found (%llu not, %llu warned, %llu cut off), median of "
           "hops %u, mean %.2f, %.1f questions a look-up, half in %u s and 99 %% in %u s, %.0f "
           "messages and %.0f kB a node an hour\n",
           nodes, (unsigned long long)f.found, (unsigned long long)f.lookups,
           (unsigned long long)f.silent, (unsigned long long)f.warned,
           (unsigned long long)f.cut_off, median_hops(&f), figures->hops, figures->asked,
           seconds(&f, 0.5), seconds(&f, 0.99), figures->messages, (double)f.bytes / up / 1000);
    print_tables(w, &figures->dead);
    if (judge_blame(&after, nodes) != 0 || judge_found(&f, gets) != 0)
        return 1;
    return median_hops(&f) > log2((double)nodes) / 2 ? fail("more hops than log2(N)/2") : 0;
}

static int ask_besieged(struct world *w, size_t nodes, size_t value, const struct trial *t)
{
    struct world_figures before, after;
    uint64_t gets = nodes < SIEGE_NODES ? SIEGE_GETS / 2 : SIEGE_GETS;
    world_figures(w, &before);
    for (size_t i = 0; i < gets; i++) {
        world_get(w, value);
        world_run(w, 500);
    }
    struct world_figures f = wait_for_all(w, gets, &before);
    printf("kad: a key besieged%s by %d liars in %zu networks who %s: %llu of %llu found it, %llu "
           "warned, %llu cut off, %.1f questions a look-up\n",
           t->late ? " from the beginning" : "", WORLD_LIARS, t->siege.networks, t->lie,
           (unsigned long long)f.found, (unsigned long long)gets, (unsigned long long)f.warned,
           (unsigned long long)f.cut_off, (double)f.asked / (double)gets);
    world_figures(w, &after);
    if (judge_blame(&after, nodes) != 0)
        return 1;
    return f.found + f.warned == gets ? 0 : fail("a besieged key was silently not found");
}

static int besiege(struct world *w, size_t nodes, const struct trial *t)
{
    size_t value = world_value(w);
    if (!t->late)
        world_put(w, value);
    world_run(w, MINUTE / 2);
    world_besiege(w, value, &t->siege);
    world_run(w, KNOWN_MINUTES * MINUTE);
    if (t->late) {
        world_put(w, value);
        world_run(w, MINUTE);
    }
    int status = ask_besieged(w, nodes, value, t);
    world_relieve(w);
    return status;
}

/* Providers are found among ten times as many who say that they are some. */
static int drown(struct world *w)
{
    struct world_provided p;
    world_provide(w, PROVIDERS);
    world_run(w, MINUTE);
    world_flood(w, FLOOD, FLOOD_NETWORKS);
    world_run(w, MINUTE);
    for (size_t i = 0; i < SIEGE_GETS; i++) {
        world_get_providers(w);
        world_run(w, 500);
    }
    world_run(w, 2 * MINUTE);
    world_provided(w, &p);
    printf(
        "kad: of %d providers, and %d others in %d networks, %llu look-ups were told of %.1f and "
        "%.1f\n",
        PROVIDERS, FLOOD, FLOOD_NETWORKS, (unsigned long long)p.lookups,
        (double)p.told[0] / (double)p.lookups, (double)p.told[1] / (double)p.lookups);
    fflush(stdout);
    world_relieve(w);
    if (p.lookups != SIEGE_GETS)
        return fail("a look-up of providers did not end");
    return p.without > 0 ? fail("a look-up told of no honest provider") : 0;
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
    double dead;
    world_run(w, warm ? MINUTE : 10 * MINUTE);
    world_figures(w, &f);
    if (warm)
        printf("kad: %zu nodes begin as if they had been there for hours\n", f.up);
    else
        printf("kad: %zu nodes came, with %.0f messages and %.0f kB each\n", f.up,
               (double)f.messages / (double)f.up, (double)f.bytes / (double)f.up / 1000);
    print_tables(w, &dead);
}

struct plan {
    uint64_t seed;
    unsigned minutes, hours;
    bool warm, both;
};

/* 0, or 1 when it has failed. */
static int run(const struct plan *p, size_t nodes, bool warm, struct figures *figures)
{
    const struct world_spec spec = {.seed = p->seed,
                                    .nodes = nodes,
                                    .nated = 0.5,
                                    .nowhere = 0.1,
                                    .loss = 0.01,
                                    .churn = churn,
                                    .books = nodes <= BOOKS_MAX && !p->warm && !p->both,
                                    .warm = warm};
    printf("kad: %zu nodes, half of them behind NATs, 1 %% of messages lost, 30 %% churn an hour, "
           "seed %llu\n",
           nodes, (unsigned long long)p->seed);
    fflush(stdout);
    struct world *w = world_new(&spec);
    print_coming(w, warm);
    print_cost();
    int status = !warm && p->hours > 0 ? keep(w, p->hours) : 0;
    if (p->minutes > 0 && go_by(w, nodes, p->minutes, figures) != 0)
        status = 1;
    print_cost();
    world_churn(w, 0);
    bool few = nodes > LARGE && p->minutes > 0;
    for (size_t i = 0; i < (few ? LARGE_TRIALS : TRIALS); i++) {
        if (!p->both && besiege(w, nodes, &trials[i]) != 0)
            status = 1;
        print_cost();
    }
    if (!p->both && nodes >= SIEGE_NODES && nodes <= LARGE && drown(w) != 0)
        status = 1;
    world_free(w);
    print_cost();
    return status;
}

static bool differ(double a, double b)
{
    return fabs(a - b) > 0.1 * (a < b ? a : b);
}

/* One size, begun in both ways. */
static int compare(const struct plan *p, size_t nodes, struct figures *cold)
{
    struct figures warm;
    int status = run(p, nodes, false, cold) + run(p, nodes, true, &warm);
    printf("kad: %zu nodes that came one by one, and that began warm: %.2f and %.2f %% found, %.2f "
           "and %.2f hops, %.1f and %.1f questions a look-up, %.0f and %.0f messages a node an "
           "hour, %.1f and %.1f %% of tables not there\n",
           nodes, 100 * cold->found, 100 * warm.found, cold->hops, warm.hops, cold->asked,
           warm.asked, cold->messages, warm.messages, 100 * cold->dead, 100 * warm.dead);
    if (differ(cold->hops, warm.hops) || differ(cold->asked, warm.asked) ||
        differ(cold->messages, warm.messages))
        return fail("those that begin warm are not as those that came");
    return status > 0;
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
    const char *begin = argc > 5 ? argv[5] : "";
    const struct plan p = {.seed = argc > 2 ? strtoull(argv[2], NULL, 10) : (uint64_t)time(NULL),
                           .minutes = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 60,
                           .hours = argc > 4 ? (unsigned)strtoul(argv[4], NULL, 10) : 3,
                           .warm = strcmp(begin, "warm") == 0,
                           .both = strcmp(begin, "both") == 0};
    unsigned passed = 0, failed = 0;
    size_t n = 0;
    if (sodium_init() < 0)
        return 1;
    for (; *at && n < SIZES_MAX; at += *at == ',') {
        size_t nodes = strtoul(at, &at, 10);
        struct figures *f = &figures[n++];
        if ((p.both ? compare(&p, nodes, f) : run(&p, nodes, p.warm, f)) == 0)
            passed++;
        else
            failed++;
    }
    if (p.minutes > 0 && growth(figures, n) != 0)
        failed++;
    printf("%u passed, %u failed, 0 skipped\n", passed, failed);
    return failed > 0;
}
