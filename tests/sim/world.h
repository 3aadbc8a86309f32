/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Thousands of nodes of the DHT in one process: each has the real table, store, look-ups and
 * answers of src/p2p, and every message goes between them as its bytes; the clock and the network
 * are this file's. Everything follows from the seed.
 *
 * Delay: each node lies in a plane, at a height above it that stands for its last mile, and what
 * lies between two nodes is the way in the plane and both heights (the model of Dabek et al.,
 * "Vivaldi", 2004); extent and heights are ours, and give round trips of some 50 to 250 ms. A
 * message is lost with a probability, which its asker learns by waiting as long as p2p/kad does.
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
    double nated;   /* the part of them that are clients: not reachable, so not in any table */
    double nowhere; /* the part of the others that are reached by an onion or a relay alone */
    double loss;    /* the part of messages that are lost */
    double churn;   /* the part that leaves in an hour, for good, each replaced by another */
    bool books;     /* they find each other by what their address books have, else by magic */
    bool warm;      /* they have been there for long, rather than come one by one */
};

struct world;

enum { WORLD_SECONDS = 240 };
struct world_figures {
    uint64_t messages, bytes; /* sent so far, questions and answers */
    /* Look-ups of values: ended, and how (cut off: nobody answered); or left with their node. */
    uint64_t lookups, found, silent, warned, cut_off, abandoned;
    uint64_t hops[16];               /* of look-ups that found their key's nearest node, by hops */
    uint64_t seconds[WORLD_SECONDS]; /* of all, by how long they took; the last: and more */
    uint64_t asked;                  /* questions of those look-ups */
    /* Offences held against honest nodes, and against liars; and how often one was doubted, and
     * shunned, by another for them. */
    uint64_t blamed[2], doubted[2], shunned[2];
    size_t up;
    uint64_t ms; /* that have gone by */
};

/* What is in the honest nodes' tables now. */
struct world_tables {
    uint64_t entries, dead; /* of whom so many are not there */
};

struct world *world_new(const struct world_spec *spec);
void world_free(struct world *w);
/* Goes on for so long. */
void world_run(struct world *w, uint64_t ms);
/* From now on another part leaves; until all have come nobody does. */
void world_churn(struct world *w, double part);
/* A value, which nobody has put yet; its number. */
size_t world_value(struct world *w);
/* Some node that is up puts it, and if that leaves before that is over another does. */
void world_put(struct world *w, size_t value);
/* Some node that is up asks for it; counted in the figures once it is over. */
void world_get(struct world *w, size_t value);
/* Liars come whose ids are all nearer to the value's key than any honest node's. */
enum { WORLD_LIARS = 20 };
enum world_lie {
    WORLD_OF_EACH_OTHER, /* they tell of each other only, as if nothing were stored; take nothing */
    WORLD_OF_THE_DEAD,   /* each, in that way, of twenty of its own who are not there */
    WORLD_SILENT_TO_SOME,     /* half of those who ask hear that, and half hear nothing */
    WORLD_THAT_IT_HAS_NOTHING /* they tell of whom they know, and say that they take what is put */
};
struct world_siege {
    enum world_lie lie;
    size_t networks; /* that they are in, WORLD_LIARS at most; 0: they are nowhere */
};
void world_besiege(struct world *w, size_t value, const struct world_siege *s);
/* All liars leave. */
void world_relieve(struct world *w);
/* Some who are up provide a key; and that many others come, who are in few networks, and do so too,
 * which takes a minute. */
void world_provide(struct world *w, size_t honest);
void world_flood(struct world *w, size_t count, size_t networks);
/* Some node that is up asks who does. */
void world_get_providers(struct world *w);
struct world_provided {
    uint64_t lookups, without; /* that ended, and that told of nobody honest; */
    uint64_t told[2];          /* of how many honest, and others, all did */
};
void world_provided(const struct world *w, struct world_provided *out);
void world_figures(const struct world *w, struct world_figures *out);
void world_tables(const struct world *w, struct world_tables *out);

#endif
