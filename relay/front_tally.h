/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How many visits each endpoint of a front has at the moment, and how many it may have: all
 * together, and those of one source, so that nobody alone keeps others from an endpoint. Pure. What
 * a source is, net_source says; visits whose source is not known have no share to be held to.
 */
#ifndef BEAM_RELAY_FRONT_TALLY_H
#define BEAM_RELAY_FRONT_TALLY_H

#include <stdbool.h>

#include "base/map.h"
#include "base/rng.h"
#include "relay/net.h"
#include "relay/reservation.h"

struct front_tally_limits {
    size_t each;   /* visits at an endpoint */
    size_t source; /* of them, from one source; 0: any */
};

struct front_tallies {              /* private */
    struct map *endpoints, *places; /* by id; and by id and source */
    struct front_tally_limits limits;
};

/* One visit's place at an endpoint. */
struct front_tally;

/* For `all` visits at once. 0 or BEAM_ENOMEM. */
int front_tallies_init(struct front_tallies *t, const struct rng *rng, size_t all,
                       const struct front_tally_limits *limits);
/* Every place must have been left. */
void front_tallies_free(struct front_tallies *t);

/* NULL: the endpoint has as many as it may have, or as many from there. */
struct front_tally *front_tally_join(struct front_tallies *t, const uint8_t id[RESERVATION_ID_SIZE],
                                     const struct net *from);
/* NULL allowed. */
void front_tally_leave(struct front_tallies *t, struct front_tally *place);
/* How many an endpoint has. */
size_t front_tally_count(const struct front_tallies *t, const uint8_t id[RESERVATION_ID_SIZE]);
bool front_tally_is_of(const struct front_tally *place, const uint8_t id[RESERVATION_ID_SIZE]);

#endif
