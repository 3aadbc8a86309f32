/* SPDX-License-Identifier: BSD-3-Clause */
/* One question to a relay over its hop protocol, RESERVE or CONNECT, and its answer. */
#ifndef BEAM_CIRCUIT_HOP_CALL_H
#define BEAM_CIRCUIT_HOP_CALL_H

#include "circuit/hop_message.h"
#include "p2p/connect.h"

struct hop_call;

/*
 * Once, from the loop; the handle is gone with it. `answer` is the relay's HOP_OK, borrowed, and
 * NULL on failure; `s` is the callee's, and begins behind the answer; `relay` is who it turned out
 * to be. A refusal is a failure, with the code of its status.
 */
typedef void hop_call_fn(void *arg, int err, const struct beam_why *why,
                         const struct hop_message *answer, struct stream *s,
                         const struct peer_id *relay);

/* The relay is reached straight, whatever `relay` says of that. `peer` is whom to be connected to;
 * NULL: to reserve. Both are copied. 0 or BEAM_ENOMEM. */
int hop_call_start(struct loop *l, struct host *h, const struct connect_spec *relay,
                   const struct peer_id *peer, hop_call_fn *done, void *arg, struct hop_call **out);
/* NULL allowed. */
void hop_call_cancel(struct hop_call *c);

#endif
