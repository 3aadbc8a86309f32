/* SPDX-License-Identifier: BSD-3-Clause */
/* Where a peer is, for what counts by that: its score (P6) and rations. Pure. */
#ifndef BEAM_GOSSIP_PLACE_H
#define BEAM_GOSSIP_PLACE_H

#include "gossip/score.h"
#include "p2p/census.h"
#include "p2p/host.h"

/* Whence it is connected; what comes through Tor or a relay has no address. */
void place_source(const struct host_peer *peer, struct census_source *out);
/* The place that counts for its score: an IPv4 address or an IPv6 /64. None through Tor or a relay;
 * nor, where `private` are allowed, at an address that means nothing elsewhere: there many nodes
 * are on one machine. */
void place_score(const struct host_peer *peer, bool private, struct score_place *out);

#endif
