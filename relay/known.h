/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The relays that a finder knows, and which of them is next: one that was not given yet, by its
 * weight (relay/pick.h); when there is none, one that was given before and has rested since, ever
 * longer for each time that it did not serve. Bounded: those that were given, or say nothing any
 * more, make room for others. Pure.
 */
#ifndef BEAM_RELAY_KNOWN_H
#define BEAM_RELAY_KNOWN_H

#include "relay/history.h"

enum {
    KNOWN_MAX = 20,                   /* relays */
    KNOWN_SILENT_MS = 90 * 60 * 1000, /* how much older the word of one that makes room is */
    KNOWN_REST_MIN_MS = 5 * 1000,
    KNOWN_REST_MAX_MS = 10 * 60 * 1000
};

struct known_row {
    struct relay_info info;
    bool given;
    unsigned failures;  /* times that it was given since it last served */
    uint64_t rest_ends; /* if it was given */
};

struct known { /* zeroed at first */
    size_t n;
    struct known_row rows[KNOWN_MAX];
    struct peer_id preferred; /* len 0: none */
    struct peer_id last;      /* that was given; len 0: none */
};

/* The later word of a relay counts. */
void known_add(struct known *k, const struct relay_info *info);
/* Borrowed until the next known_add; NULL: there is none that can be used now. */
const struct relay_info *known_next(struct known *k, const struct history *history, unsigned kinds,
                                    const struct rng *rng, uint64_t now);
/* This one came up: when it goes away it may be given again soon. */
void known_served(struct known *k, const struct peer_id *relay);

#endif
