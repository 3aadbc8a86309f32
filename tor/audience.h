/* SPDX-License-Identifier: BSD-3-Clause */
/* The states of a struct tor, and who hears of them: its owner, and others beside it. */
#ifndef BEAM_TOR_AUDIENCE_H
#define BEAM_TOR_AUDIENCE_H

#include <stdint.h>

#include "base/err.h"

enum tor_state {
    TOR_OFF,           /* not started, or stopped */
    TOR_STARTING,      /* spawned or looked for; the control connection is being made */
    TOR_BOOTSTRAPPING, /* controlled; no circuits yet */
    TOR_READY,         /* 100 % */
    TOR_RESTING,       /* it died; another is started, or it is looked for, after a pause */
    TOR_FAILED         /* there is none as things are: the reason is for the user */
};

const char *tor_state_name(enum tor_state state);

/* What the owner hears. All called from the loop; NULL fields are skipped.
 * tor_free may not be called from within. */
struct tor_events {
    /* The state changed. `why` says what happened on RESTING and FAILED (else
     * NULL); retry_ms is the pause on RESTING. */
    void (*state)(void *arg, enum tor_state state, const struct beam_why *why, uint64_t retry_ms);
    /* Bootstrap went on: percent, and tor's words for it. */
    void (*progress)(void *arg, int percent, const char *summary);
    /* Something is wrong that may pass, in words with what to do; said once each time it begins. */
    void (*warning)(void *arg, const struct beam_why *why);
    void *arg;
};

/* Embedded in whoever listens. */
struct audience_member {
    void (*state)(void *arg, enum tor_state state, const struct beam_why *why);
    void *arg;
    struct audience_member *next, **link; /* private */
};

/* Zeroed is an empty one. */
struct audience {
    struct tor_events owner;
    struct audience_member *first;
};

void audience_add(struct audience *a, struct audience_member *m);
/* One that is in none is fine. */
void audience_remove(struct audience_member *m);
/* The owner is told first. Any of the others may be added or removed within. */
void audience_tell(struct audience *a, enum tor_state state, const struct beam_why *why,
                   uint64_t retry_ms);
/* These are for the owner alone. */
void audience_progress(const struct audience *a, int percent, const char *summary);
void audience_warn(const struct audience *a, const struct beam_why *why);

#endif
