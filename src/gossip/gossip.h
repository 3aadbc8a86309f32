/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Gossip over a host: gossipsub v1.1 (docs/protocol/gossip.md) with every peer that speaks it. The
 * core is the router (gossip/router.h); here RPCs become frames of two streams to each peer, one
 * that each end opens and the other only reads.
 *
 * A peer whose score is below what is tolerated is spoken with no more, until that is forgotten.
 */
#ifndef BEAM_GOSSIP_GOSSIP_H
#define BEAM_GOSSIP_GOSSIP_H

#include "gossip/ration.h"
#include "gossip/router.h"
#include "p2p/host.h"

#define GOSSIP_PROTOCOL "/meshsub/1.1.0"

enum { GOSSIP_PEERS = 64 /* that a host speaks with, if nothing else is said */ };

struct gossip;

struct gossip_spec { /* borrowed; outlives the gossip; the struct is copied */
    struct loop *loop;
    struct host *host;
    const struct rng *rng;
    const struct clock_source *clock;
    const struct key_pair *key; /* the host's, which signs; NULL: it publishes nothing */
    bool exchange;              /* peers are told of others, and others' word is followed: never
                                 * for a persona that must not be known */
    size_t peers; /* at most so many, of whom three quarters may have dialled us; 0: GOSSIP_PEERS,
                         * and never more than ROUTER_PEERS_MAX */
    bool allow_private; /* of addresses that mean nothing elsewhere, too, and any number may be
                         * at one of them (for tests) */
};

/* 0, BEAM_ENOMEM, BEAM_EEXIST (the host has it), BEAM_ELIMIT. */
int gossip_new(const struct gossip_spec *spec, struct gossip **out);
/* Nothing more is called. Before the host. NULL allowed. */
void gossip_free(struct gossip *g);

/* As router_join and router_part. The topic's callbacks may not call the gossip. */
int gossip_join(struct gossip *g, const struct router_topic *topic);
void gossip_part(struct gossip *g, const char *topic);
/* To every peer of the topic. 0; BEAM_EPOLICY (nothing is published here), BEAM_ELIMIT (too long),
 * BEAM_EINVAL (the topic's name), BEAM_ENOMEM. */
int gossip_publish(struct gossip *g, const char *topic, const void *data, size_t len);

/* Whose share of a ration a message is that a topic's `judge` is given. */
struct ration_share gossip_share(const struct gossip *g, const struct post *p,
                                 const struct peer_id *from);

struct gossip_topic {
    const char *name; /* borrowed */
    struct router_count count;
};
/* Topic number i of those that we are of; false: no more. */
bool gossip_topic(const struct gossip *g, size_t i, struct gossip_topic *out);
/* Who is spoken with. */
size_t gossip_peers(const struct gossip *g);

#endif
