/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A race between the ways to one peer (after RFC 8305): the next is tried 250 ms after the one
 * before it, or when that has failed; the first that is secured wins, and the others are reset. For
 * p2p/ alone. The targets were held against the permit already (p2p/way.h), and the sockets are
 * once more (loop/egress.h).
 */
#ifndef BEAM_P2P_DIAL_H
#define BEAM_P2P_DIAL_H

#include "identity/key.h"
#include "identity/peer_id.h"
#include "p2p/host.h"
#include "p2p/way.h"

enum { DIAL_TARGETS_MAX = 16, DIAL_AT_ONCE = 4, DIAL_HEAD_START_MS = 250 };

struct dial_target {
    struct way_target target;
    struct multiaddr addr; /* what it was made of */
    bool hearsay;          /* nobody but others says that a peer is there (p2p/hearsay.h) */
};

struct dial_spec {
    struct host *host;            /* whose permit, ways and limits hold */
    const struct key_pair *key;   /* as whom; borrowed */
    const struct peer_id *expect; /* copied; NULL: anybody, but not for circuits */
    uint64_t timeout_ms;          /* for all of it */
};

struct dial_result {
    struct stream *secured; /* the callee's */
    struct peer_id peer;
    const struct dial_target *target;
    struct way_limit limit; /* of a circuit */
};

/* Once, from the loop; `r` is borrowed, NULL on failure. */
typedef void dial_fn(void *arg, int err, const struct beam_why *why, const struct dial_result *r);

struct dial;

/* Targets are copied and ranked: 1 to DIAL_TARGETS_MAX. 0 or BEAM_ENOMEM. */
int dial_start(const struct dial_spec *spec, const struct dial_target *targets, size_t n,
               dial_fn *done, void *arg, struct dial **out);
/* Whether the address is one of its targets. */
bool dial_covers(const struct dial *d, const struct multiaddr *addr);
/* NULL allowed. */
void dial_cancel(struct dial *d);

#endif
