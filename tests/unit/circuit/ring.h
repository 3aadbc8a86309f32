/* SPDX-License-Identifier: BSD-3-Clause */
/* Hosts that meet at a relay: tests/unit/p2p/world.h, and what of src/circuit each of them has. */
#ifndef BEAM_TESTS_UNIT_CIRCUIT_RING_H
#define BEAM_TESTS_UNIT_CIRCUIT_RING_H

#include "circuit/hop.h"
#include "circuit/hop_message.h"
#include "circuit/relayed.h"
#include "tests/unit/p2p/world.h"

struct ring {
    struct world world;
    struct hop *hops[WORLD_HOSTS];        /* of the node of that number; NULL: it is no relay */
    struct relayed *relayed[WORLD_HOSTS]; /* NULL: it uses none */
    struct hop_limit limit;               /* of the relays that are added */
    struct slots_limits limits;
};

void ring_init(struct ring *r);
void ring_clear(struct ring *r);
/* One more that relays, and listens on loopback; its address, with its peer. */
struct multiaddr ring_relay(struct ring *r, struct node **out);
/* One more that uses relays. */
struct node *ring_user(struct ring *r, enum host_kind kind, enum policy_egress egress);
struct relayed *ring_of(struct ring *r, const struct node *n);
/* The relay ends, with all that it carries. */
void ring_kill(struct ring *r, struct node *relay);
/* Holds a reservation there, and waits until it does; the address that leads to it. */
struct multiaddr ring_reserve(struct ring *r, struct node *n, const struct multiaddr *relay);
/* relay's address, /p2p-circuit, and whom. */
struct multiaddr ring_address(const struct multiaddr *relay, const struct node *to);
/* Pings, once, and says what came of it. */
struct asked_of ring_ping(struct node *from, const struct multiaddr *to);
/* What the relay answers to a message of one's own, or HOP_MALFORMED + 1000 when it is none. */
uint64_t ring_ask(struct node *from, const struct peer_id *relay, const void *data, size_t len);

#endif
