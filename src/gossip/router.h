/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A gossipsub router (libp2p/specs, gossipsub v1.0 and v1.1): which peers are in the mesh of which
 * topic, who is told what, and whom to believe. Pure: RPCs and heartbeats go in with the time,
 * RPCs come out by a callback. Own messages are flooded to every peer of their topic, so that there
 * is no fanout (v1.1, "Flood Publishing").
 *
 * Callbacks may not call the router. What peers may make it hold has ceilings, and so has what it
 * does for one of them in a heartbeat; what is beyond counts as a fault (P7).
 */
#ifndef BEAM_GOSSIP_ROUTER_H
#define BEAM_GOSSIP_ROUTER_H

#include "gossip/post.h"
#include "gossip/rpc.h"
#include "gossip/score.h"

enum {
    ROUTER_PEERS_MAX = 256,  /* at a time */
    ROUTER_SUBS_MAX = 32,    /* topics of a peer that are known here */
    ROUTER_TOPICS_MAX = 256, /* that are known, ours and all peers'; */
    ROUTER_TOPICS_OWN = 16   /* of these, peers leave so many to us */
};

struct router_params {
    unsigned d, d_low, d_high, d_score, d_out, d_lazy;
    double gossip_factor;
    uint64_t prune_backoff_ms, leave_backoff_ms, graft_flood_ms, follow_ms, seen_ms;
    unsigned windows, told_windows; /* of the message cache, in heartbeats */
    unsigned retransmissions;       /* of a message to a peer that asks again */
    unsigned opportunistic_beats, opportunistic_peers;
    double gossip_threshold, publish_threshold, graylist_threshold, accept_px_threshold,
        opportunistic_threshold;
    bool exchange;       /* peers are exchanged (PX), both ways */
    unsigned px_peers;   /* in one PRUNE */
    unsigned posts;      /* messages of one peer in a heartbeat, duplicates too */
    unsigned haves;      /* IHAVE of one peer in a heartbeat */
    unsigned ids;        /* that it is asked for, and that it may ask for, in a heartbeat */
    size_t answer_bytes; /* that it gets for its IWANT in a heartbeat */
    size_t seen, cache_posts, cache_bytes;
    struct score_params score;
};
/* As v1.1 has them, where it says. */
void router_params_default(struct router_params *p);

enum router_kind { ROUTER_FLOODSUB, ROUTER_MESHSUB_1_0, ROUTER_MESHSUB_1_1 };
enum router_verdict {
    ROUTER_ACCEPT,
    ROUTER_REJECT, /* it counts against whoever brings it */
    ROUTER_IGNORE, /* it is worth nothing, whoever brings it */
    ROUTER_DECLINE /* not from this one now: it is new when it comes again */
};

struct router_topic { /* copied */
    const char *name;
    /* Whether a message is passed on; it is signed. NULL: each is accepted. */
    enum router_verdict (*judge)(void *arg, struct post *p, const struct peer_id *from);
    void (*heard)(void *arg, struct post *p); /* was accepted; NULL: skipped */
    void *arg;
    struct score_topic score; /* weight 0: does not count */
};

struct router_events {
    /* What a peer is to be told; `user` is who it is to the caller. */
    void (*send)(void *arg, void *user, const uint8_t *rpc, size_t len);
    /* As post_verify. NULL: that. */
    int (*verify)(void *arg, const struct post_view *v);
    /* The signed record of a peer for others, or nothing: as many bytes as were written. */
    size_t (*record)(void *arg, const struct peer_id *peer, uint8_t *out, size_t size);
    /* A peer that a trusted one knows: its record is not checked yet. */
    void (*meet)(void *arg, const struct peer_id *peer, struct rpc_text record);
    void *arg;
};

struct router_spec {
    const struct rng *rng; /* borrowed */
    struct peer_id self;
    struct router_params params;
    struct router_events events;
};

struct router;
struct router_peer;

/* 0 or BEAM_ENOMEM. */
int router_new(const struct router_spec *spec, struct router **out);
/* Says nothing to anybody. NULL allowed. */
void router_free(struct router *r);

/* A peer that can be sent to; it is told of our topics. 0, BEAM_ELIMIT, BEAM_EEXIST,
 * BEAM_ENOMEM. */
int router_enter(struct router *r, const struct peer_id *id, enum router_kind kind, bool outbound,
                 const struct score_place *place, void *user, uint64_t now,
                 struct router_peer **out);
void router_leave(struct router *r, struct router_peer *p, uint64_t now);
/* Tells a peer again of our topics and of whose mesh it is in: it may have forgotten. */
void router_greet(struct router *r, struct router_peer *p, uint64_t now);
/* What a peer said. 0, or BEAM_EINVAL, BEAM_ELIMIT: that is no RPC, and counts. */
int router_rpc(struct router *r, struct router_peer *p, const void *data, size_t len, uint64_t now);

/* What the program thinks of a peer, here or not (P5), until it says otherwise. */
void router_think(struct router *r, const struct peer_id *id, double points);
/* A peer broke the rules of what carries RPCs: counts as one that is none. */
void router_blame(struct router_peer *p);

/* From now on we are of the topic. 0, BEAM_EEXIST, BEAM_EINVAL (its name), BEAM_ELIMIT,
 * BEAM_ENOMEM. */
int router_join(struct router *r, const struct router_topic *topic, uint64_t now);
void router_part(struct router *r, const char *topic, uint64_t now);
/* One of our own, of any topic; router_topic's `heard` is not called. 0 or BEAM_ENOMEM. */
int router_publish(struct router *r, struct post *p, uint64_t now);
/* The heartbeat, once a second. */
void router_beat(struct router *r, uint64_t now);

/* ---- what there is ---- */

struct router_count {
    size_t peers, mesh; /* who are of the topic; of these, in our mesh */
};
/* Whether we are of the topic. */
bool router_count(const struct router *r, const char *topic, struct router_count *out);
/* The name of topic number i of those that we are of, NULL: no more. Borrowed. */
const char *router_topic_name(const struct router *r, size_t i);
bool router_is_meshed(const struct router *r, struct router_peer *p, const char *topic);
double router_score(const struct router *r, const struct router_peer *p, uint64_t now);
/* Nothing of a peer, here or not, is looked at any more: it is below the graylist threshold. */
bool router_shuns(const struct router *r, const struct peer_id *id, uint64_t now);
/* That would be so for what it did here alone, whatever the program thinks of it and wherever it
 * is. */
bool router_condemns(const struct router *r, const struct peer_id *id, uint64_t now);
size_t router_peers(const struct router *r);

#endif
