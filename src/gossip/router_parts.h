/* SPDX-License-Identifier: BSD-3-Clause */
/* What a router consists of, for the files of gossip/router*. */
#ifndef BEAM_GOSSIP_ROUTER_PARTS_H
#define BEAM_GOSSIP_ROUTER_PARTS_H

#include "gossip/backoffs.h"
#include "gossip/cache.h"
#include "gossip/outbox.h"
#include "gossip/promises.h"
#include "gossip/router.h"
#include "gossip/seen.h"

struct topic {
    char name[POST_TOPIC_MAX + 1];
    size_t len;
    uint32_t number; /* no other topic has it */
    size_t users;    /* peers that know it */
    bool joined;
    struct router_topic spec; /* while joined; its name is this one */
    int scored;               /* in scores; negative: it does not count */
};

struct sub { /* of a peer to a topic */
    struct topic *topic;
    bool mesh;
};

struct router_peer {
    struct peer_id id;
    enum router_kind kind;
    bool outbound;
    void *user;
    struct score_card *card;
    struct outbox box;
    size_t sub_count;
    struct sub subs[ROUTER_SUBS_MAX];
    /* In this heartbeat. */
    unsigned posts, haves, asked, wanted, regrafts;
    size_t answered;
    bool excess; /* counted as a fault already */
};

struct router {
    struct router_spec spec;
    struct score *score;
    struct seen *seen;
    struct cache *cache;
    struct promises promises;
    struct backoffs backoffs;
    uint64_t now, decayed; /* of the event at hand; when counters last shrank */
    uint64_t beats;
    uint32_t topic_number;
    size_t peer_count, topic_count;
    struct router_peer *peers[ROUTER_PEERS_MAX];
    struct topic *topics[ROUTER_TOPICS_MAX];
    struct rpc rpc; /* the one at hand */
    uint8_t out[RPC_MAX];
};

/* Some peers, of all that there are. */
struct crowd {
    size_t n;
    struct router_peer *list[ROUTER_PEERS_MAX];
};

struct rpc_text router_text(const struct topic *t);
/* NULL: nobody has spoken of it. */
struct topic *router_topic_of(const struct router *r, struct rpc_text name);
/* NULL: it is not of the topic. */
struct sub *router_sub(struct router_peer *p, const struct topic *t);
/* Makes it of the topic; NULL: it may not be of more. */
struct sub *router_subscribe(struct router *r, struct router_peer *p, struct topic *t);
double router_card_score(const struct router *r, const struct router_peer *p);
/* Something that a well-behaved peer does not do; once a heartbeat where that is of its amount. */
void router_fault(struct router_peer *p, double n);
void router_excess(struct router_peer *p);

/* Tells a peer; what does not fit in one RPC goes out in two. */
void router_tell_post(struct router *r, struct router_peer *p, const struct post *post);
void router_tell_graft(struct router *r, struct router_peer *p, const struct topic *t);
void router_tell_prune(struct router *r, struct router_peer *p, const struct topic *t,
                       uint64_t backoff_ms, bool exchange);
void router_tell_have(struct router *r, struct router_peer *p, const struct topic *t,
                      const struct rpc_text *ids, size_t n);
void router_tell_want(struct router *r, struct router_peer *p, const struct rpc_text *ids,
                      size_t n);
void router_tell_sub(struct router *r, struct router_peer *p, const struct topic *t, bool on);
/* Sends what each peer is to be told. */
void router_flush(struct router *r);

/* Puts a peer that is of the topic into the mesh, or takes it out; the peer is not told. */
void router_graft(struct router *r, struct router_peer *p, struct topic *t);
void router_prune(struct router *r, struct router_peer *p, struct topic *t, uint64_t backoff_ms);
/* Peers of the topic, in its mesh or not, in random order; that may be grafted: of some score, and
 * not in a backoff. */
void router_mesh(const struct router *r, const struct topic *t, struct crowd *out);
void router_graftable(const struct router *r, const struct topic *t, struct crowd *out);
void router_shuffle(const struct router *r, struct crowd *c);

/* What a peer's RPC says beside messages. */
void router_control(struct router *r, struct router_peer *p);
void router_posts(struct router *r, struct router_peer *p);

#endif
