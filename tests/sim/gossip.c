/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Gossip among many, some of whom misbehave, on a clock that jumps:
 *
 *     gossip [HONEST [BAD [SEED]]]      200 honest nodes, 6 of each kind that misbehaves
 *
 * Messages are published while nodes leave and others come and RPCs are lost: more than 99 % of
 * them must come to everybody who is there, and who misbehaves must be out of the mesh, with a
 * score below zero, wherever it is known.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/sim/crowd.h"

enum { START_MS = 20 * 1000, RUN_MS = 60 * 1000, EVERY_MS = 250, REST_MS = 10 * 1000 };

static const char *const names[CROWD_KINDS] = {
    [CROWD_HONEST] = "honest ones", [CROWD_FORGER] = "forgers",     [CROWD_BABBLER] = "babblers",
    [CROWD_BEGGAR] = "beggars",     [CROWD_BRAGGART] = "braggarts", [CROWD_PUSHER] = "pushers",
    [CROWD_PARROT] = "parrots",     [CROWD_SINK] = "sinks"};

static int fail(const char *what)
{
    printf("gossip: %s\n", what);
    return 1;
}

static double part(uint64_t of, uint64_t all)
{
    return all ? (double)of / (double)all : 0;
}

static int judge_kind(const struct crowd_figures *f, int kind)
{
    printf("gossip: %s: %.1f %% of links have a score below 0, %.1f %% are in a mesh\n",
           names[kind], 100 * part(f->below[kind], f->links[kind]),
           100 * part(f->meshed[kind], f->links[kind]));
    if (kind == CROWD_HONEST)
        return part(f->below[kind], f->links[kind]) < 0.01 ? 0 : fail("honest nodes are blamed");
    if (kind == CROWD_SINK)
        return 0; /* it does nothing: what it keeps back, others bring */
    if (part(f->below[kind], f->links[kind]) < 0.95)
        return fail("their score does not pay for it");
    return part(f->meshed[kind], f->links[kind]) < 0.02 ? 0 : fail("they stay in the mesh");
}

static int judge(const struct crowd_figures *f)
{
    int status = 0;
    printf("gossip: %llu messages, %.3f %% of deliveries made, %.0f ms each, %.2f copies of a "
           "message a node, %.2f kB a node a second, meshes of %zu to %zu\n",
           (unsigned long long)f->messages, 100 * part(f->delivered, f->due),
           part(f->latency_ms, f->delivered), part(f->copies, f->delivered),
           part(f->bytes, f->node_ms), f->least_mesh, f->most_mesh);
    printf("gossip: those who misbehave sent %.1f MB and got %.1f MB\n", (double)f->bad_bytes / 1e6,
           (double)f->bad_answered / 1e6);
    if (part(f->delivered, f->due) <= 0.99)
        status = fail("fewer than 99 % of deliveries were made");
    for (int kind = 0; kind < CROWD_KINDS; kind++)
        status |= f->links[kind] > 0 ? judge_kind(f, kind) : 0;
    return status;
}

int main(int argc, char **argv)
{
    struct crowd_spec spec = {
        .honest = 200, .each_bad = 6, .dials = 10, .loss = 0.01, .churn = 0.002};
    struct crowd_figures f;
    if (argc > 1)
        spec.honest = strtoul(argv[1], NULL, 10);
    if (argc > 2)
        spec.each_bad = strtoul(argv[2], NULL, 10);
    spec.seed = argc > 3 ? strtoull(argv[3], NULL, 10) : (uint64_t)time(NULL);
    if (sodium_init() < 0)
        return 1;
    printf(
        "gossip: %zu honest nodes, %zu of each of %d kinds that misbehave, %.0f %% of RPCs lost, "
        "%.0f %% churn a minute, seed %llu\n",
        spec.honest, spec.each_bad, CROWD_KINDS - 1, 100 * spec.loss, 6000 * spec.churn,
        (unsigned long long)spec.seed);
    fflush(stdout);
    struct crowd_world *w = crowd_new(&spec);
    crowd_run(w, START_MS, 0);
    crowd_run(w, RUN_MS, EVERY_MS);
    crowd_run(w, REST_MS, 0);
    crowd_figures(w, &f);
    int status = judge(&f);
    crowd_free(w);
    printf("%d passed, %d failed, 0 skipped\n", status ? 0 : 1, status ? 1 : 0);
    return status;
}
