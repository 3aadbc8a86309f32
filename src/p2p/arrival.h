/* SPDX-License-Identifier: BSD-3-Clause */
/* A connection that somebody else began, until it is one of the host's. For p2p/ alone. */
#ifndef BEAM_P2P_ARRIVAL_H
#define BEAM_P2P_ARRIVAL_H

#include "p2p/core.h"

struct arrival;

struct arrival_spec {
    enum way way;
    const struct addr *at;        /* where it comes from; NULL: not known */
    const struct multiaddr *from; /* the same as others may see it; NULL: not known */
    const struct peer_id *expect; /* NULL: anybody */
    struct way_limit limit;       /* of a circuit */
};

/* Takes the stream over, always; the spec is copied. What becomes of it is for the log. */
void arrival_start(struct host *h, struct stream *s, const struct arrival_spec *spec);
/* Ends those that are under way. */
void arrival_clear(struct host *h);

#endif
