/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One circuit at its relay: the far peer is asked over its stop protocol, and then the two streams
 * are joined until they end, or the limit is reached. For circuit/hop alone.
 */
#ifndef BEAM_CIRCUIT_BRIDGE_H
#define BEAM_CIRCUIT_BRIDGE_H

#include "circuit/hop_message.h"
#include "p2p/host.h"

struct bridge;

struct bridge_spec {
    struct loop *loop;
    struct host *host;
    struct hop_limit limit;
    struct peer_id from, to;
};

/* It is over, and gone. From the loop. */
typedef void bridge_fn(void *arg, struct bridge *b);

/* `near` is the hop stream of the peer that asked, whose answer is still due; it is taken over,
 * always. 0 or BEAM_ENOMEM. */
int bridge_start(struct stream *near, const struct bridge_spec *spec, bridge_fn *done, void *arg,
                 struct bridge **out);
const struct bridge_spec *bridge_spec(const struct bridge *b);
/* Resets both streams; `done` is not called. */
void bridge_free(struct bridge *b);

#endif
