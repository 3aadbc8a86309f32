/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Thousands of nodes of the DHT in one process: each has the real table, store, look-ups and
 * answers of src/p2p, and every message goes between them as its bytes; the clock and the network
 * are this file's. Everything follows from the seed.
 *
 * Delay: each node lies in a plane, at a height above it that stands for its last mile, and what
 * lies between two nodes is the way in the plane and both heights (the model of Dabek et al.,
 * "Vivaldi", 2004); extent and heights are ours, and give round trips of some 50 to 250 ms. A
 * message is lost with a probability; an answer that has not come after 5 s will not come.
 */
#ifndef BEAM_TESTS_SIM_WORLD_H
#define BEAM_TESTS_SIM_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "p2p/kad_job.h"

struct world_spec {
    uint64_t seed;
    size_t nodes;
    double nated; /* the part of them that are clients: not reachable, so not in any table */
    double loss;  /* the part of messages that are lost */
    bool books;   /* they find each other by what their address books have, else by magic */
    bool warm;    /* they have been there for long, rather than come one by one */
};

struct world;

struct world_figures {
    uint64_t messages, bytes; /* sent so far, questions and answers */
    /* Look-ups of values: ended, and how (cut off: nobody answered); or left with their node. */
    uint64_t lookups, found, silent, warned, cut_off, abandoned;
    uint64_t hops[16]; /* of look-ups that found their key's nearest node, by hops */
    uint64_t asked;    /* questions of those look-ups */
    /* Offences held against honest nodes, and against liars; and how often one was doubted, and
     * shunned, by another for them. */
    uint64_t blamed[2], doubted[2], shunned[2];
    size_t up;
};

struct world *world_new(const struct world_spec *spec);
void world_free(struct world *w);
/* Goes on for so long. */
void world_run(struct world *w, uint64_t ms);
/* From now on so large a part of the nodes leaves for good in an hour, each replaced by another. */
void world_churn(struct world *w, double part);
/* Some node that is up puts a value, and if it leaves before that is over another does; returns the
 * number, by which it can be asked for. */
size_t world_put(struct world *w);
/* Some node that is up asks for it; counted in the figures once it is over. */
void world_get(struct world *w, size_t value);
/* Liars come who answer every question as if nothing were stored, take nothing, and tell of each
 * other only, or each of twenty of its own who are not there. The ids of all are nearer to the
 * value's key than any honest node's. */
enum { WORLD_LIARS = 20 };
enum world_lie { WORLD_OF_EACH_OTHER, WORLD_OF_THE_DEAD };
void world_besiege(struct world *w, size_t value, enum world_lie lie);
void world_figures(const struct world *w, struct world_figures *out);

#endif
