/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a node thinks of its peers (gossipsub v1.1, "Peer Scoring"): a number for each, from what it
 * did, and never told to anybody. P1 to P4 are of a topic, P5 to P7 of the peer. What is known of a
 * peer is kept for a while after it left, as it was, so that going away mends nothing. Bounded.
 * Pure.
 */
#ifndef BEAM_GOSSIP_SCORE_H
#define BEAM_GOSSIP_SCORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"
#include "identity/peer_id.h"

enum { SCORE_TOPICS_MAX = 8 /* that count */ };

/* How a topic counts. A weight of 0 leaves its part out; decays are factors a decay_ms. */
struct score_topic {
    double weight;
    double time_weight, time_cap; /* P1: in the mesh, in units of quantum_ms */
    uint64_t quantum_ms;
    double first_weight, first_decay, first_cap; /* P2: messages that it was the first to bring */
    /* P3: it is in the mesh and brings fewer than the threshold, counted once it was there for
     * activation_ms; what comes within window_ms after the first counts too. */
    double few_weight, few_decay, few_threshold, few_cap;
    uint64_t activation_ms, window_ms;
    double failed_weight, failed_decay;   /* P3b: such a deficit when it was pruned */
    double invalid_weight, invalid_decay; /* P4: messages that are invalid */
};

struct score_params {
    double topics_cap;   /* of the sum over all topics; 0: none */
    double app_weight;   /* P5: what the program thinks of it */
    double place_weight; /* P6: peers of one address, beyond the threshold */
    size_t place_threshold;
    double fault_weight, fault_decay, fault_threshold; /* P7: misbehaviour, beyond the threshold */
    uint64_t decay_ms;
    double zero;        /* below it a counter is 0 */
    uint64_t retain_ms; /* after it left */
    size_t peers;       /* that are remembered, those who left included */
};

/* Where a peer is: an IPv4 address or an IPv6 /64. len 0: not known, or it says nothing. */
struct score_place {
    uint8_t len;
    uint8_t bytes[16];
};

struct score_counters {
    bool in_mesh;
    uint64_t grafted; /* since when */
    double first, brought, failed, invalid;
};

/* What is known of a peer. Borrowed. */
struct score_card {
    struct peer_id id;
    uint64_t serial; /* no other card has it */
    bool here;
    uint64_t left; /* when, if it is not here */
    struct score_place place;
    size_t same_place; /* peers here that are there, itself included */
    double app, fault;
    struct score_counters topics[SCORE_TOPICS_MAX];
};

struct score;

/* Fit for topics with few messages: P3 is left out. */
void score_params_default(struct score_params *p);
void score_topic_default(struct score_topic *t);

/* 0 or BEAM_ENOMEM. */
int score_new(const struct rng *rng, const struct score_params *params, struct score **out);
/* NULL allowed. */
void score_free(struct score *s);
/* One more topic counts, by this number; BEAM_ELIMIT. */
int score_add_topic(struct score *s, const struct score_topic *t);

/* A peer has come. 0; BEAM_ELIMIT (too many are here), BEAM_EEXIST (it is here), BEAM_ENOMEM. */
int score_enter(struct score *s, const struct peer_id *id, const struct score_place *place,
                struct score_card **out);
void score_leave(struct score *s, struct score_card *card, uint64_t now);
/* NULL: nothing is known of it. */
struct score_card *score_find(const struct score *s, const struct peer_id *id);
double score_of(const struct score *s, const struct score_card *card, uint64_t now);
/* What of that is for what it did here: P1 to P4 and P7. */
double score_deeds(const struct score *s, const struct score_card *card, uint64_t now);

/* What it did; a negative topic is one that does not count. */
void score_grafted(struct score_card *card, int topic, uint64_t now);
void score_pruned(const struct score *s, struct score_card *card, int topic, uint64_t now);
void score_first(const struct score *s, struct score_card *card, int topic);
/* The same message, after another peer brought it `late_ms` before. */
void score_again(const struct score *s, struct score_card *card, int topic, uint64_t late_ms);
void score_invalid(struct score_card *card, int topic);
void score_fault(struct score_card *card, double n);

/* To be called each decay_ms: counters shrink, and those who left long ago are forgotten. */
void score_decay(struct score *s, uint64_t now);

#endif
