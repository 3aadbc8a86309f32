/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What one peer is to be told next: messages and control messages that become one RPC (gossipsub
 * v1.0, "Control Message Piggybacking"). Pure.
 */
#ifndef BEAM_GOSSIP_OUTBOX_H
#define BEAM_GOSSIP_OUTBOX_H

#include "gossip/post.h"
#include "gossip/rpc.h"

enum { OUTBOX_IDS_MAX = 512 };

struct outbox_part {
    uint8_t *bytes;
    size_t len, room;
};

/* Zeroed at first; outbox_clear at the end. */
struct outbox {
    struct outbox_part plain, control;
};

void outbox_clear(struct outbox *o);
/* Makes the RPC and empties the box. 0: there is nothing to say. */
size_t outbox_take(struct outbox *o, uint8_t out[RPC_MAX]);

/* All or nothing. 0, BEAM_ENOMEM, or BEAM_ELIMIT: take first, then there is room for any one. */
int outbox_subscribe(struct outbox *o, struct rpc_text topic, bool on);
int outbox_post(struct outbox *o, const struct post *p);
int outbox_graft(struct outbox *o, struct rpc_text topic);
/* backoff_s 0: nothing of v1.1, neither backoff nor peers. All of it has at most RPC_MAX / 2
 * bytes. */
int outbox_prune(struct outbox *o, struct rpc_text topic, uint64_t backoff_s,
                 const struct rpc_peer *peers, size_t n);
/* At most OUTBOX_IDS_MAX ids. */
int outbox_have(struct outbox *o, struct rpc_text topic, const struct rpc_text *ids, size_t n);
int outbox_want(struct outbox *o, const struct rpc_text *ids, size_t n);

#endif
