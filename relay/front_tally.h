/* SPDX-License-Identifier: BSD-3-Clause */
/* How many visits each endpoint of a front has at the moment, and how many it may have. Pure. */
#ifndef BEAM_RELAY_FRONT_TALLY_H
#define BEAM_RELAY_FRONT_TALLY_H

#include <stdbool.h>

#include "base/map.h"
#include "base/rng.h"
#include "relay/reservation.h"

struct front_tallies { /* private */
    struct map *map;
    size_t each;
};

/* One visit's place at an endpoint. */
struct front_tally;

/* For `all` endpoints at once, with `each` visits at most. 0 or BEAM_ENOMEM. */
int front_tallies_init(struct front_tallies *t, const struct rng *rng, size_t all, size_t each);
/* Every place must have been left. */
void front_tallies_free(struct front_tallies *t);

/* NULL: it has as many as it may have. */
struct front_tally *front_tally_join(struct front_tallies *t,
                                     const uint8_t id[RESERVATION_ID_SIZE]);
/* NULL allowed. */
void front_tally_leave(struct front_tallies *t, struct front_tally *place);
/* How many an endpoint has. */
size_t front_tally_count(const struct front_tallies *t, const uint8_t id[RESERVATION_ID_SIZE]);
bool front_tally_is_of(const struct front_tally *place, const uint8_t id[RESERVATION_ID_SIZE]);

#endif
