/* SPDX-License-Identifier: BSD-3-Clause */
/* A connection that somebody else began, until it is one of the host's. For p2p/ alone. */
#ifndef BEAM_P2P_ARRIVAL_H
#define BEAM_P2P_ARRIVAL_H

#include "p2p/core.h"

struct arrival;

/* Takes the stream over, always. `at` is where it comes from, NULL: not known. What becomes of it
 * is for the log. */
void arrival_start(struct host *h, struct stream *s, enum way way, const struct addr *at,
                   const struct multiaddr *from);
/* Ends those that are under way. */
void arrival_clear(struct host *h);

#endif
