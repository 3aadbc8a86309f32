/* SPDX-License-Identifier: BSD-3-Clause */
/* A relay and owners on one loop: hosts of tests/unit/p2p/world.h, the first with the relay. */
#ifndef BEAM_TESTS_UNIT_RELAY_SCENE_H
#define BEAM_TESTS_UNIT_RELAY_SCENE_H

#include "loop/listen.h"
#include "relay/front.h"
#include "relay/owner.h"
#include "relay/ports.h"
#include "relay/registrar.h"
#include "tests/unit/p2p/world.h"
#include "tests/unit/relay/owners.h"

struct scene {
    struct world world;
    struct node *relay, *owner;
    struct multiaddr relay_at; /* with its peer id */
    struct place place;
    struct lease_store *store;
    struct endpoint_base base;
    const char *domain;       /* NULL: none; as limits */
    struct terms_spec wanted; /* open; a change holds from the relay's next start on */
    struct terms terms;
    struct bans *bans;
    struct guard_limits limits; /* none; a change holds from the relay's next start on */
    struct guard *guard;
    struct traffic_limits carried; /* as limits */
    struct traffic *traffic;
    struct names *names;
    struct work *work;
    uint64_t work_least; /* 0 */
    struct counts counts;
    struct interstitial *interstitial; /* NULL; as limits; the scene's */
    const char *notice;                /* NULL: none; as limits */
    uint64_t max_memory;               /* 0: any; as limits */
    uint64_t idle_ms;                  /* 0: the usual; as limits */
    uint64_t max_body;                 /* of the front; 0: 1000 */
    size_t source_streams;             /* 0: any; as limits */
    const char *whence;                /* the IP address of visitors that come now; NULL: none */
    struct ports *ports;               /* 4 of TCP, and 4 of UDP */
    struct registrar *registrar;
    struct front *front;
    struct listener *listener; /* of the front */
    struct where where;        /* as an owner types it */
};

/* Hosts alone, connected to nobody. */
void scene_hosts(struct scene *s);
/* All of a relay. `url` (NULL: where it listens) is what it promises. */
void scene_begin(struct scene *s, const char *url);
/* The relay goes, hosts stay: as when it is killed. Then it is there again, at its place. */
void scene_relay_down(struct scene *s);
void scene_relay_up(struct scene *s, const char *url);
void scene_end(struct scene *s);

/* The address of `whence`, or NULL. */
const struct addr *scene_whence(const struct scene *s, struct addr *out);

/* Whole requests and answers over one end of a memory pair, as a visitor of the front. */
struct visitor {
    struct scene *scene;
    struct stream *s;
    struct buf in;
    char text[4096]; /* what came */
    bool ended;
};

void visitor_ask(struct visitor *v, struct scene *s, const char *request);
/* Until `word` is in what came; false: it ended or took too long. */
bool visitor_hears(struct visitor *v, const char *word);
void visitor_end(struct visitor *v);

#endif
