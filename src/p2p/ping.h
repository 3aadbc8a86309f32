/* SPDX-License-Identifier: BSD-3-Clause */
/* Round trips over /ipfs/ping/1.0.0 (libp2p/specs, ping): 32 bytes there and back. */
#ifndef BEAM_P2P_PING_H
#define BEAM_P2P_PING_H

#include "p2p/connect.h"

#define PING_PROTOCOL "/ipfs/ping/1.0.0"
enum { PING_SIZE = 32, PING_TIMEOUT_MS = 30000 };

struct ping;

/* One round trip in microseconds, and the way it took; on failure `peer` is NULL, and it is the
 * last call. The callee asks for the next with ping_again, or ends it with ping_stop. */
typedef void ping_fn(void *arg, int err, const struct beam_why *why, uint64_t us,
                     const struct host_peer *peer);

/* Connects when it must, opens a stream, and makes the first round trip. As connect_start. */
int ping_start(struct host *h, const struct connect_spec *spec, ping_fn *done, void *arg,
               struct ping **out);
/* One more, after an answer. */
void ping_again(struct ping *p);
/* NULL allowed. */
void ping_stop(struct ping *p);

/* For p2p/ alone: answers pings; the host ends. 0 or BEAM_ENOMEM. */
int ping_serve(struct host *h);
void ping_clear(struct host *h);

#endif
