/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The keys of TLS tickets among a relay's processes, so that a visitor resumes his session at
 * whichever he comes to. The first makes them; each other asks it once, when the two have met, and
 * is told all of them then and whenever there is a new one (docs/protocol/crew.md).
 */
#ifndef BEAM_DAEMON_OPERATOR_TICKETS_H
#define BEAM_DAEMON_OPERATOR_TICKETS_H

#include "base/clock.h"
#include "stream/tls_handover.h"

struct operator_tickets;

struct operator_tickets_spec { /* what is pointed to is borrowed */
    const struct rng *rng;
    const struct clock_source *clock;
    struct tls_tickets *tickets; /* NULL: this process has no HTTPS */
    unsigned index, count;       /* of this process; of all */
    /* To a mate: to the first what asks it for them, to others what it answers. */
    void (*tell)(void *arg, unsigned mate, const void *data, size_t len);
    void *arg;
};

/* 0 or BEAM_ENOMEM. */
int operator_tickets_new(const struct operator_tickets_spec *spec, struct operator_tickets **out);
/* NULL allowed. */
void operator_tickets_free(struct operator_tickets *t);
/* A mate is there, and is there no more. */
void operator_tickets_joined(struct operator_tickets *t, unsigned mate);
void operator_tickets_left(struct operator_tickets *t, unsigned mate);
/* What a mate's `tell` said. */
void operator_tickets_told(struct operator_tickets *t, unsigned mate, const uint8_t *data,
                           size_t len);
/* Now and then: the first tells all whom it knows, where there is a new key. */
void operator_tickets_tick(struct operator_tickets *t);
/* Whether a visitor may come: the first has answered, or is not asked. */
bool operator_tickets_ready(const struct operator_tickets *t);

#endif
