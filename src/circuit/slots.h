/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a circuit relay has given away: reservations, each of a peer and until a time, and the
 * circuits that run. Pure. Every count has a ceiling; reservations are counted by where the peer is
 * too, so that who has one network has not all slots.
 */
#ifndef BEAM_CIRCUIT_SLOTS_H
#define BEAM_CIRCUIT_SLOTS_H

#include <stdbool.h>

#include "base/addr.h"
#include "base/rng.h"
#include "circuit/hop_message.h"

/* One stranger, with all that he may have, must not keep the others from a peer. */
enum { SLOTS_TO_PEER = 4 };

struct slots_limits {
    size_t reservations; /* in all */
    size_t per_source;   /* of one IPv4 /24 or IPv6 /48; peers without an address: half of all */
    size_t circuits;     /* in all */
    size_t per_peer;     /* that one peer began; SLOTS_TO_PEER times as many lead to one */
    uint64_t reservation_ms; /* how long one lasts */
};

struct slots;

/* `limits` are copied. 0 or BEAM_ENOMEM. */
int slots_new(const struct rng *rng, const struct slots_limits *limits, struct slots **out);
/* NULL allowed. */
void slots_free(struct slots *s);

/* A new reservation, or more time for the one that there is. `from` is where the peer is, NULL: not
 * known. HOP_OK or HOP_RESERVATION_REFUSED; *fresh: there was none. */
enum hop_status slots_reserve(struct slots *s, const struct peer_id *peer, const struct addr *from,
                              uint64_t now, bool *fresh);
/* The peer has gone, and its reservation with it. False: it had none. */
bool slots_release(struct slots *s, const struct peer_id *peer);
/* Takes out one that has run out by now, if there is one. */
bool slots_expire(struct slots *s, uint64_t now, struct peer_id *out);

/* A circuit begins: HOP_OK, HOP_NO_RESERVATION (of `to`), HOP_RESOURCE_LIMIT,
 * HOP_PERMISSION_DENIED (to itself). */
enum hop_status slots_open(struct slots *s, const struct peer_id *from, const struct peer_id *to,
                           uint64_t now);
/* It is over. */
void slots_close(struct slots *s, const struct peer_id *from, const struct peer_id *to);

size_t slots_reservations(const struct slots *s);
size_t slots_circuits(const struct slots *s);

#endif
