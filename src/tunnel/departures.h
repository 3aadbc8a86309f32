/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Agents of tunnels that ended, while they still tell relays so. They are kept for as long as that
 * takes, and for a second at most.
 */
#ifndef BEAM_TUNNEL_DEPARTURES_H
#define BEAM_TUNNEL_DEPARTURES_H

#include "tunnel/agent.h"

struct departures;

enum { DEPARTURES_MS = 1000 };

/* 0 or BEAM_ENOMEM. */
int departures_new(struct loop *l, struct departures **out);
/* Takes over the agent, whose paths are gone, and the permit that it has. With `ds` NULL, and when
 * there is nothing to tell, both go at once. */
void departures_add(struct departures *ds, struct agent *a, struct permit *permit);
bool departures_empty(const struct departures *ds);
/* Calls `done` from the loop, once, when the last that is there now has gone. */
void departures_wait(struct departures *ds, void (*done)(void *arg), void *arg);
/* They go now. NULL allowed. */
void departures_free(struct departures *ds);

#endif
