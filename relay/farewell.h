/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What owners that end have still to tell their relays: that a reservation is released or to be
 * forgotten. It goes over connections that are there; nobody is dialled for it.
 */
#ifndef BEAM_RELAY_FAREWELL_H
#define BEAM_RELAY_FAREWELL_H

#include "p2p/host.h"
#include "relay/ticket.h"

struct farewells;

/* 0 or BEAM_ENOMEM. */
int farewells_new(struct loop *l, struct host *h, struct farewells **out);
/* RESERVATION_RELEASE or RESERVATION_FORGET to the ticket's relay, which `name` is what the log
 * calls; all of it is copied. Where there is no connection nothing is said. */
void farewells_say(struct farewells *f, const char *name, const struct ticket *t,
                   enum reservation_verb verb);
/* Whether some are not answered yet. */
bool farewells_pending(const struct farewells *f);
/* Calls `done` from the loop, once, when none is pending any more; it may not free them. */
void farewells_wait(struct farewells *f, void (*done)(void *arg), void *arg);
/* Before its host; what is not answered is given up. NULL allowed. */
void farewells_free(struct farewells *f);

#endif
