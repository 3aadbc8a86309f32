/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A stream between a mate and somebody else: a peer that is connected here, which the mate wants to
 * speak to, or a handler of this host's, whom a mate's peer does. For p2p/crew alone.
 */
#ifndef BEAM_P2P_CREW_BRIDGE_H
#define BEAM_P2P_CREW_BRIDGE_H

#include "p2p/host.h"

/* Those of a crew. Embedded in it; zeroed, and then the first two are filled. */
struct crew_bridges {
    struct loop *loop;
    struct host *host;
    struct crew_bridge *first; /* private */
};

/* A mate's stream, taken over: its head says what becomes of it. */
void crew_bridge_begin(struct crew_bridges *all, struct stream *s);
/* Both are taken over, and joined until they end. */
void crew_bridge_join(struct crew_bridges *all, struct stream *a, struct stream *b);
/* Resets what is open. */
void crew_bridges_clear(struct crew_bridges *all);

#endif
