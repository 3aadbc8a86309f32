/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reaching a peer: the connection that there is, or a new one. The answer comes later, from the
 * loop, and once; the handle is gone then, and after a cancel, which no answer follows.
 */
#ifndef BEAM_P2P_CONNECT_H
#define BEAM_P2P_CONNECT_H

#include "p2p/host.h"

struct connect_spec {
    const struct peer_id *peer;    /* NULL: what the addresses end with, or whoever is there */
    const struct multiaddr *addrs; /* copied; with n 0: those that the host knows of the peer */
    size_t n;
    enum permit_origin origin; /* who named these addresses */
    uint64_t timeout_ms;       /* for all of it; 0: 30 s, or 90 s where it may not be direct */
    bool straight;             /* by no circuit, not even one that there is */
    bool standing;             /* over a connection that there is, or not at all */
    bool modest;               /* dials while half of the places for it are free, or not at all */
};

struct connect;

/* `peer` is NULL on failure. */
typedef void connect_fn(void *arg, int err, const struct beam_why *why,
                        const struct host_peer *peer);

/*
 * Addresses are ranked and raced (RFC 8305: the next one starts 250 ms after the one before it, or
 * when that failed); those that the permit does not cover are never seen by what dials, and those
 * that are hearsay are left alone for a while when nobody was there (p2p/hearsay.h). At once:
 * BEAM_ENOMEM. Later: BEAM_EPOLICY (none is covered), BEAM_ENOTFOUND (no address is known, or no
 * connection that there was to be),
 * BEAM_EAUTH (another peer is there), BEAM_ETIMEOUT, BEAM_EREFUSED, BEAM_EUNREACH, BEAM_ELIMIT,
 * BEAM_EPROTO, …; words are given with each.
 */
int connect_start(struct host *h, const struct connect_spec *spec, connect_fn *done, void *arg,
                  struct connect **out);
/* NULL allowed. */
void connect_cancel(struct connect *c);
/* Whether this host may dial the address, and can: 0, BEAM_EPOLICY or BEAM_EINVAL, with words. */
int connect_covers(const struct host *h, const struct multiaddr *addr, enum permit_origin origin,
                   struct beam_why *why);
/* Whether one of those that are known of the peer is such an address. */
bool connect_known(const struct host *h, const struct peer_id *peer);

/* For p2p/ alone: a connection is there for those who wait for its peer; the host ends. */
struct conn;
void connect_found(struct host *h, const struct conn *c);
void connect_clear(struct host *h);

#endif
