/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From a raw stream to one that is secured and whose multiplexer is agreed (libp2p/specs,
 * connections): multistream-select of /noise, the Noise handshake, and the multiplexer, which is
 * agreed within the handshake where the peer can do that. One deadline holds for all of it.
 */
#ifndef BEAM_P2P_UPGRADE_H
#define BEAM_P2P_UPGRADE_H

#include "base/rng.h"
#include "identity/key.h"
#include "identity/peer_id.h"
#include "loop/loop.h"
#include "stream/stream.h"

#define UPGRADE_MUXER "/yamux/1.0.0"

struct upgrade_spec {
    struct loop *loop;
    const struct rng *rng;
    const struct key_pair *key;   /* borrowed until `done` */
    const struct peer_id *expect; /* copied; NULL: anybody */
    bool initiator;
    uint64_t timeout_ms;
};

/* Once, from the loop. `s` is the callee's, ready for yamux; NULL on failure, as `peer`. */
typedef void upgrade_fn(void *arg, int err, const struct beam_why *why, struct stream *s,
                        const struct peer_id *peer);

struct upgrade;

/* Takes `under` over, always (it is reset on failure). 0 or BEAM_ENOMEM. */
int upgrade_start(struct stream *under, const struct upgrade_spec *spec, upgrade_fn *done,
                  void *arg, struct upgrade **out);
/* Resets the stream; `done` is not called. NULL allowed. */
void upgrade_cancel(struct upgrade *u);

#endif
