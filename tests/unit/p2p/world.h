/* SPDX-License-Identifier: BSD-3-Clause */
/* Hosts on one loop, over TCP on loopback or over memory as if it were Tor. */
#ifndef BEAM_TESTS_UNIT_P2P_WORLD_H
#define BEAM_TESTS_UNIT_P2P_WORLD_H

#include "p2p/connect.h"
#include "p2p/host.h"
#include "p2p/open.h"
#include "p2p/ping.h"
#include "tests/unit/loop/until.h"
#include "tests/unit/seed.h"

enum { WORLD_HOSTS = 8 };

struct world {
    struct loop *loop;
    struct seed seed;
    struct rng rng;
    struct node {
        struct world *world;
        struct key_pair *key;
        struct permit *permit;
        enum host_kind kind;
        struct host *host;
        struct multiaddr onion; /* where the others reach it as if through Tor */
        size_t dials;           /* through Tor */
        bool no_tor;            /* it takes no more such dials */
        bool tor_off;           /* what it dials with so is not ready */
    } nodes[WORLD_HOSTS];
    size_t n;
    uint64_t mark; /* a time that a test waits for */
    size_t torn; /* what goes as if through Tor is torn after less than so many bytes; 0: is not */
};

/* What was asked of a host and what came of it. */
struct asked_of {
    bool done;
    int err;
    struct beam_why why;
    struct host_peer peer; /* its pointers are not to be followed */
    struct peer_id id;
    struct multiaddr addr;
    char agent[128];
    struct stream *stream;
    uint64_t us;
    unsigned times;
};

void world_init(struct world *w);
void world_clear(struct world *w);
/* One more, of a kind and under an egress, with limits (NULL: customary). */
struct node *world_add(struct world *w, enum host_kind kind, enum policy_egress egress,
                       const struct limits *limits);
/* The same under a policy. */
struct node *world_add_under(struct world *w, enum host_kind kind, const struct policy *policy);
/* Its host ends, and another begins with the same key, which knows nothing. */
void world_again(struct node *n);
struct multiaddr world_addr(const char *text);
/* Listens on a port of 127.0.0.1; the address, with the peer at its end. */
struct multiaddr world_listen(struct node *n);
/* The same as if through Tor. */
struct multiaddr world_onion(struct node *n);

/* By which its host goes as if through Tor, for another host of the same node. */
struct way_tor world_way(struct node *n);

void world_on_connect(void *arg, int err, const struct beam_why *why, const struct host_peer *peer);
void world_on_open(void *arg, int err, const struct beam_why *why, struct stream *s,
                   const char *protocol, const struct host_peer *peer);
void world_on_ping(void *arg, int err, const struct beam_why *why, uint64_t us,
                   const struct host_peer *peer);
/* Connects and waits for what comes of it. */
struct asked_of world_connect(struct node *n, const struct peer_id *peer,
                              const struct multiaddr *addrs, size_t count,
                              enum permit_origin origin);
/* Until the node has so many peers. */
bool world_peers(struct node *n, size_t count);

#endif
