/* SPDX-License-Identifier: BSD-3-Clause */
/* One question of the DHT to one peer: a stream, the message, its answer. For p2p/kad alone. */
#ifndef BEAM_P2P_KAD_CALL_H
#define BEAM_P2P_KAD_CALL_H

#include "p2p/host.h"
#include "p2p/kad_message.h"

struct kad_call;

struct kad_call_end {
    int err; /* 0 or BEAM_E… */
    /* The peer was reached, and what it sent is no message. Any other failure may be ours, or be
     * that of somebody on the way. */
    bool garbled;
    const struct kad_message *answer; /* NULL on failure, or when the question needs none */
    const struct host_peer *peer;     /* who was asked, and where; NULL on failure */
};
/* All of `end` is looked at during the call only. The handle is gone. */
typedef void kad_call_fn(void *arg, const struct kad_call_end *end);

struct kad_call_spec { /* borrowed: all but `to` while it lasts */
    struct host *host;
    struct loop *loop;
    const struct peer_id *to;
    const char *protocol;
    uint64_t timeout_ms;
};

/*
 * `m` is not looked at any more afterwards. While the host has no room for one more dial or stream
 * the question waits, for as long as its time lasts. The answer comes later, once. 0, BEAM_ELIMIT
 * (it is too long), BEAM_ENOMEM.
 */
int kad_call_start(const struct kad_call_spec *spec, const struct kad_message *m, kad_call_fn *done,
                   void *arg, struct kad_call **out);
/* NULL allowed. */
void kad_call_cancel(struct kad_call *c);

#endif
