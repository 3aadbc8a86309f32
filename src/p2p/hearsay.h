/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How often this host knocks where only others say that a peer is. Whoever names an address to the
 * DHT, or signs one as his own, could else have each host that hears of it dial who is there, again
 * and again, a thousand of them one victim. So a place gets a few dials, then so many a minute, and
 * where no peer was it is left alone for longer each time: a port of an address, and the address
 * (an IPv4 one, an IPv6 /56, a name, an onion) with whichever ports. Pure; time is passed in.
 */
#ifndef BEAM_P2P_HEARSAY_H
#define BEAM_P2P_HEARSAY_H

#include "base/rng.h"
#include "p2p/way.h"

enum {
    HEARSAY_PORT_BURST = 4, /* dials, and then one each HEARSAY_PORT_MS */
    HEARSAY_PORT_MS = 60 * 1000,
    HEARSAY_HOST_BURST = 16, /* the same of all ports together */
    HEARSAY_HOST_MS = 30 * 1000,
    HEARSAY_HOST_GRACE = 8,  /* failures in a row that are of no account, for ports differ */
    HEARSAY_PAUSE_MS = 7500, /* after a failure; twice as long after each one that follows */
    HEARSAY_PORT_PAUSE_MAX_MS = 64 * 60 * 1000,
    HEARSAY_HOST_PAUSE_MAX_MS = 8 * 60 * 1000, /* shorter, lest a liar keep a good port from us */
    HEARSAY_PLACES_MAX = 4096 /* of which is known; the one dialled longest ago makes room */
};

struct hearsay;

/* 0 or BEAM_ENOMEM. */
int hearsay_new(const struct rng *rng, struct hearsay **out);
/* NULL allowed. */
void hearsay_free(struct hearsay *h);

/* Whether it is dialled now; then that is counted. A circuit always is: its relay is dialled, and
 * asked about. 0; BEAM_EUNREACH (nobody was at that port, not long ago), BEAM_EAGAIN,
 * BEAM_ENOMEM. */
int hearsay_dial(struct hearsay *h, const struct way_target *to, uint64_t now);
/* What came of it: no peer was there; whoever was meant is, and the dial counts for nothing. */
void hearsay_failed(struct hearsay *h, const struct way_target *to, uint64_t now);
void hearsay_met(struct hearsay *h, const struct way_target *to);

#endif
