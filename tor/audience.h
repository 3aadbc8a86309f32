/* SPDX-License-Identifier: BSD-3-Clause */
/* The states of a struct tor, and who hears of them beside its owner. */
#ifndef BEAM_TOR_AUDIENCE_H
#define BEAM_TOR_AUDIENCE_H

#include "base/err.h"

enum tor_state {
    TOR_OFF,           /* not started, or stopped */
    TOR_STARTING,      /* spawned or looked for; the control connection is being made */
    TOR_BOOTSTRAPPING, /* controlled; no circuits yet */
    TOR_READY,         /* 100 % */
    TOR_RESTING,       /* it died; another is started, or it is looked for, after a pause */
    TOR_FAILED         /* there is none as things are: the reason is for the user */
};

/* Embedded in whoever listens. */
struct audience_member {
    void (*state)(void *arg, enum tor_state state, const struct beam_why *why);
    void *arg;
    struct audience_member *next, **link; /* private */
};

/* Zeroed is an empty one. */
struct audience {
    struct audience_member *first;
};

void audience_add(struct audience *a, struct audience_member *m);
/* One that is in none is fine. */
void audience_remove(struct audience_member *m);
/* Any may be added or removed within. */
void audience_tell(struct audience *a, enum tor_state state, const struct beam_why *why);

#endif
