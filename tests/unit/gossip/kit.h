/* SPDX-License-Identifier: BSD-3-Clause */
/* A router among peers that are made of tests: what it is told, and what each of them hears. */
#ifndef BEAM_TESTS_UNIT_GOSSIP_KIT_H
#define BEAM_TESTS_UNIT_GOSSIP_KIT_H

#include "gossip/outbox.h"
#include "gossip/router.h"
#include "tests/unit/harness.h"
#include "tests/unit/seed.h"

enum { KIT_PEERS = 64 };

struct kit_peer {
    struct peer_id id;
    struct router_peer *peer;
    size_t rpcs, subs, unsubs, posts, grafts, prunes, haves, had, wanted, named; /* that it heard */
    uint64_t backoff_s;
    struct post_id last_post, last_had, last_wanted;
};

struct kit {
    struct seed seed;
    struct rng rng;
    struct router *router;
    struct router_params params;
    uint64_t now;
    size_t n;
    struct kit_peer peers[KIT_PEERS];
    enum router_verdict verdict; /* that is given to what comes */
    struct post *judged;         /* the last that was, held */
    size_t heard, met;
    struct peer_id met_id;
};

/* For parameters other than the customary ones, change kit->params between these two. */
void kit_init(struct kit *k);
void kit_start(struct kit *k);
/* Is of a topic, "t", which counts. */
void kit_join(struct kit *k);
void kit_end(struct kit *k);

/* One more, number k->n - 1. */
struct kit_peer *kit_add(struct kit *k, enum router_kind kind, bool outbound);
/* And it is of "t". */
struct kit_peer *kit_member(struct kit *k, bool outbound);
/* What is in the box, to the router. */
int kit_say(struct kit *k, struct kit_peer *p, struct outbox *box);
void kit_graft(struct kit *k, struct kit_peer *p);
void kit_prune(struct kit *k, struct kit_peer *p, uint64_t backoff_s);
/* A message for "t" by an author that is no peer, with a signature that is good or not. */
struct post *kit_post(struct kit *k, uint64_t number, bool good);
void kit_publish(struct kit *k, struct kit_peer *p, struct post *post);
/* So many heartbeats, a second apart. */
void kit_beats(struct kit *k, unsigned n);
double kit_score(const struct kit *k, const struct kit_peer *p);
bool kit_meshed(const struct kit *k, const struct kit_peer *p);
struct rpc_text kit_text(const char *text);
/* Of all peers, how many are in the mesh. */
size_t kit_mesh(const struct kit *k);

#endif
