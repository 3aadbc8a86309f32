/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a host does about what it holds against its peers (p2p/repute): whoever is shunned is
 * disconnected, and not let in for as long. Not those that are kept, whom a user or this host
 * itself has chosen: they are doubted at most.
 */
#ifndef BEAM_P2P_STANDING_H
#define BEAM_P2P_STANDING_H

#include "p2p/host.h"
#include "p2p/repute.h"

/* A connection that has to end does so after the caller has returned to the loop. */
void standing_blame(struct host *h, const struct peer_id *peer, enum repute_offence what);
enum repute_standing standing_of(const struct host *h, const struct peer_id *peer);
/* Whether a peer that came is let in: 0, or BEAM_EAUTH with words. */
int standing_admit(const struct host *h, const struct peer_id *peer, struct beam_why *why);

/* For the host: 0 or BEAM_ENOMEM. */
int standing_init(struct host *h);
void standing_clear(struct host *h);

#endif
