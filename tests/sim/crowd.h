/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Many gossip routers in one process: each honest node has the real router of src/gossip, and every
 * RPC goes between them as its bytes; the clock and the network are this file's. Everything follows
 * from the seed. Delay between two nodes is 10 to 100 ms; an RPC is lost with a probability (of a
 * stream that is as if its peer had been too slow). Signatures are of one byte: good or not.
 *
 * Who misbehaves has no router: it is of the topic, in whatever mesh takes it, and does its kind of
 * mischief once a second to everybody it is connected with.
 */
#ifndef BEAM_TESTS_SIM_CROWD_H
#define BEAM_TESTS_SIM_CROWD_H

#include <stddef.h>
#include <stdint.h>

enum crowd_kind {
    CROWD_HONEST,
    CROWD_FORGER,   /* messages whose signature is bad */
    CROWD_BABBLER,  /* bytes that are no RPC */
    CROWD_BEGGAR,   /* IWANT, for all that there is, again and again */
    CROWD_BRAGGART, /* IHAVE of what there is not */
    CROWD_PUSHER,   /* GRAFT, again and again */
    CROWD_PARROT,   /* one good message, hundreds of times */
    CROWD_SINK,     /* says nothing, and passes nothing on */
    CROWD_KINDS
};

struct crowd_spec {
    uint64_t seed;
    size_t honest, each_bad; /* nodes; of each other kind */
    size_t dials;            /* that an honest one makes */
    double loss;             /* the part of RPCs that are lost */
    double churn;            /* the part of honest nodes that leaves in a second, each replaced */
};

struct crowd_figures {
    uint64_t messages, due, delivered, latency_ms; /* due: to whom they should have come; latency:
                                                      of all deliveries together */
    uint64_t copies;    /* of messages that honest nodes got from honest ones */
    uint64_t bytes;     /* that honest nodes sent */
    uint64_t node_ms;   /* of honest nodes that were up */
    uint64_t bad_bytes; /* that those who misbehave sent, and were sent */
    uint64_t bad_answered;
    size_t least_mesh, most_mesh; /* of honest nodes that were up for long, now */
    uint64_t links[CROWD_KINDS];  /* from honest nodes to such ones, now */
    uint64_t below[CROWD_KINDS];  /* of these, with a score below 0 */
    uint64_t meshed[CROWD_KINDS]; /* of these, in a mesh */
};

struct crowd_world;

struct crowd_world *crowd_new(const struct crowd_spec *spec);
void crowd_free(struct crowd_world *w);
/* Goes on for so long; some node publishes each `every_ms`, 0: nobody. */
void crowd_run(struct crowd_world *w, uint64_t ms, uint64_t every_ms);
/* Call after a pause in which the last messages arrive: what is due is counted now. */
void crowd_figures(struct crowd_world *w, struct crowd_figures *out);

#endif
