/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A circuit relay (libp2p/specs, relay/circuit-v2; our limits: docs/protocol/circuit.md): the hop
 * protocol, answered to the peers of a host. Peers reserve a slot; others are then joined to them,
 * stream to stream, and what they say to each other is sealed between them. A relay dials nobody,
 * and gives nothing to who came by a circuit itself.
 */
#ifndef BEAM_CIRCUIT_HOP_H
#define BEAM_CIRCUIT_HOP_H

#include "circuit/slots.h"
#include "p2p/host.h"

struct hop;

/* Borrowed, all of it, but the numbers. */
struct hop_spec {
    struct loop *loop;
    struct host *host;
    const struct rng *rng;
    const struct clock_source *clock;
    const struct key_pair *key; /* the host's: signs vouchers */
    struct slots_limits limits;
    struct hop_limit limit; /* of each circuit */
};

/* 0, BEAM_EEXIST (the host has one), BEAM_ENOMEM. */
int hop_new(const struct hop_spec *spec, struct hop **out);
/* Ends every circuit. Before its host is freed. NULL allowed. */
void hop_free(struct hop *h);
size_t hop_reservations(const struct hop *h);
size_t hop_circuits(const struct hop *h);

#endif
