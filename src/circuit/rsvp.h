/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A reservation at one relay, over its life: asked for, renewed in good time, and asked for again
 * after it was lost or refused, more and more rarely. Pure.
 */
#ifndef BEAM_CIRCUIT_RSVP_H
#define BEAM_CIRCUIT_RSVP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rng.h"

enum {
    RSVP_PAUSE_MIN_MS = 1000,
    RSVP_PAUSE_MAX_MS = 5 * 60 * 1000,
    RSVP_LIFE_MIN_MS = 30 * 1000, /* relays' clocks and ours differ: none is believed shorter */
    RSVP_LIFE_MAX_MS = 24 * 60 * 60 * 1000
};

enum rsvp_state {
    RSVP_RESTING, /* there is none, and none is asked for at the moment */
    RSVP_ASKING,
    RSVP_HELD,
    RSVP_RENEWING /* there is one, and more time for it is asked for */
};

enum rsvp_event {
    RSVP_DUE,     /* what rsvp_wait gave has passed */
    RSVP_GRANTED, /* until `life_ms` from now */
    RSVP_FAILED,  /* refused, or the relay was not reached */
    RSVP_LOST     /* the connection to the relay has ended, and the reservation with it */
};

/* Zeroed: resting, and due at once. */
struct rsvp {
    enum rsvp_state state;
    unsigned failures;
    uint64_t ends; /* of one that there is */
};

/* What follows from it; `life_ms` is that of RSVP_GRANTED. */
void rsvp_event(struct rsvp *r, enum rsvp_event ev, uint64_t now, uint64_t life_ms);
/* Whether others may reach us there. */
bool rsvp_holds(const struct rsvp *r);
/* Whether the relay is to be asked now. */
bool rsvp_asks(const struct rsvp *r);
/* How long until RSVP_DUE, for the states that wait. */
uint64_t rsvp_wait(const struct rsvp *r, const struct rng *rng, uint64_t now);
/* How long one lasts that the relay says ends at `expire`, in seconds since 1970. */
uint64_t rsvp_life(uint64_t expire, uint64_t wall_ms);

#endif
