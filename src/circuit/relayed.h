/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A host's use of circuit relays (libp2p/specs, relay/circuit-v2): it reaches peers through them,
 * and where it holds a reservation it is reached so. End to end there is Noise and yamux as over
 * any other stream. Every relay is dialled under the host's own permit: one that must hide dials it
 * through Tor.
 */
#ifndef BEAM_CIRCUIT_RELAYED_H
#define BEAM_CIRCUIT_RELAYED_H

#include "p2p/host.h"

enum { RELAYED_MAX = 8 }; /* relays where it is to be reached */

struct relayed;

/* Borrowed, all of it. */
struct relayed_spec {
    struct loop *loop;
    struct host *host;
    const struct rng *rng;
    const struct clock_source *clock;
};

/* From now on the host reaches peers by circuits. 0, BEAM_EEXIST (it does already), BEAM_ENOMEM. */
int relayed_new(const struct relayed_spec *spec, struct relayed **out);
/* Before its host is freed. NULL allowed. */
void relayed_free(struct relayed *r);
/* Holds a reservation at the relay, which a user named, from now on. 0 (it does already, too),
 * BEAM_ELIMIT, BEAM_ENOMEM. */
int relayed_reserve(struct relayed *r, const struct multiaddr *relay);
/* Reservations that there are now. */
size_t relayed_held(const struct relayed *r);

#endif
