/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whether an onion can be reached, found out by reaching it: every few minutes
 * tor is asked to fetch its descriptor anew, and then for a stream to it, over
 * circuits that nothing else shares. It asks for a port that the service has not,
 * which the service refuses: so the answer came through a directory, introduction
 * and rendezvous, and neither a visitor nor the target has seen anything. Who
 * needs a key gets as far as the descriptor.
 *
 * When the machine was asleep or its clock was set, it is found out at once.
 */
#ifndef BEAM_PATH_CHECKUP_H
#define BEAM_PATH_CHECKUP_H

#include "base/clock.h"
#include "base/rng.h"
#include "policy/permit.h"
#include "tor/isolation.h"
#include "tor/tor.h"

struct checkup;

struct checkup_spec {
    struct loop *loop;           /* these are borrowed while it lives */
    struct tor *tor;             /* told when it reaches its onions, and when it does not */
    const struct permit *permit; /* that covers Tor */
    const struct isolation *isolation;
    const struct clock_source *clock;
    const struct rng *rng;
    uint64_t every;   /* ms between two looks, on the average: no two waits are alike */
    const char *host; /* "….onion", copied */
};

struct checkup_events {
    /* It could be reached, or not (`why`); said when that changes, after some tries. It was
     * reachable to begin with. */
    void (*changed)(void *arg, const struct beam_why *why);
    /* It could not be, again and again as long as that lasts; perhaps before `changed`. */
    void (*unreached)(void *arg);
    void *arg;
};

/* 0 or BEAM_ENOMEM. */
int checkup_new(const struct checkup_spec *spec, const struct checkup_events *events,
                struct checkup **out);
/* The onion is published; or it is not, and nothing is asked until it is again. */
void checkup_run(struct checkup *c, bool published);
/* NULL allowed. */
void checkup_free(struct checkup *c);

#endif
