/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What gossiping peers send each other, as bytes (libp2p/specs, pubsub, "The RPC"; gossipsub v1.0
 * and v1.1, "Protobuf"), without the length in front of it. Pure; nothing is copied: texts are
 * views of the bytes that were decoded.
 *
 * Fields that nobody knows are passed over. What is beyond the ceilings below is left out, and
 * counted: what a peer says too much must not keep us from the rest, but may count against it.
 */
#ifndef BEAM_GOSSIP_RPC_H
#define BEAM_GOSSIP_RPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    RPC_MAX = 128 * 1024, /* bytes of one */
    RPC_SUBS_MAX = 64,
    RPC_POSTS_MAX = 256,
    RPC_CONTROL_MAX = 64, /* of each kind of control message */
    RPC_IDS_MAX = 1024,   /* that all IHAVE name, and that all IWANT name */
    RPC_ID_MAX = 128,     /* bytes of one, whoever made it up */
    RPC_PEERS_MAX = 32    /* that all PRUNE name */
};

struct rpc_text { /* a borrowed view */
    const uint8_t *at;
    size_t len;
};

struct rpc_sub {
    bool on;
    struct rpc_text topic;
};

struct rpc_have {
    struct rpc_text topic;
    size_t first, n; /* of `had` */
};

struct rpc_prune {
    struct rpc_text topic;
    uint64_t backoff_s; /* 0: it did not say */
    size_t first, n;    /* of `peers` */
};

/* A peer that another one knows. */
struct rpc_peer {
    struct rpc_text id, record; /* record: a signed envelope, or nothing */
};

struct rpc { /* some 45 kB */
    size_t sub_count, post_count, have_count, had_count, want_count, graft_count, prune_count,
        peer_count;
    size_t left_out;
    struct rpc_sub subs[RPC_SUBS_MAX];
    struct rpc_text posts[RPC_POSTS_MAX];
    struct rpc_have haves[RPC_CONTROL_MAX];
    struct rpc_text had[RPC_IDS_MAX], wanted[RPC_IDS_MAX];
    struct rpc_text grafts[RPC_CONTROL_MAX];
    struct rpc_prune prunes[RPC_CONTROL_MAX];
    struct rpc_peer peers[RPC_PEERS_MAX];
};

/* BEAM_EINVAL: it is none; BEAM_ELIMIT: all of it is too long. `out` may then have been written
 * to. */
int rpc_decode(const void *data, size_t len, struct rpc *out);

#endif
