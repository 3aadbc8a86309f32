/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whether a tor whose onions could not be reached is to be started again. That nobody comes
 * through is no reason by itself: whoever floods an onion can bring that about, and each start
 * drops every tunnel and picks new layers of relays before the guards (proposal 333), which is what
 * one wants who looks for them. So tor itself has to say for a while that it has no way into its
 * network, and even then it is started again seldom. Pure; time is passed in.
 */
#ifndef BEAM_TOR_DOUBT_H
#define BEAM_TOR_DOUBT_H

#include <stdbool.h>
#include <stdint.h>

#include "tor/control_line.h"

/* What tor is asked then (control-spec section 3.9). */
#define DOUBT_QUESTION "GETINFO status/circuit-established network-liveness"

enum {                               /* ms */
       DOUBT_LASTING = 60 * 1000,    /* that tor says so */
       DOUBT_PAUSE = 3600 * 1000,    /* from one start to the next, at least */
       DOUBT_DAY = 24 * 3600 * 1000, /* in which there are DOUBT_STARTS of them at most */
       DOUBT_STARTS = 2
};

/* Zeroed: none so far. Private to doubt.c. */
struct doubt {
    uint64_t reached_at; /* an onion was; 0: never */
    bool stuck;          /* tor says so, since */
    uint64_t since;
    unsigned count; /* of starts, the last at at[(count - 1) % DOUBT_STARTS] */
    uint64_t at[DOUBT_STARTS];
};

/* An onion was reached. */
void doubt_reached(struct doubt *d, uint64_t now);
/* One could not be, from `since` on: whether tor is to be asked; not when another could. */
bool doubt_unreached(const struct doubt *d, uint64_t since);
/* What it answered: whether it is to be started again, which counts as done. */
bool doubt_answer(struct doubt *d, uint64_t now, const struct control_reply *r);
/* Another tor was started. */
void doubt_anew(struct doubt *d);

#endif
