/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The connections of a host, by peer: who is let in, which of several to one peer is used, and
 * which ends for being idle, old or surplus. For p2p/ alone.
 *
 * Of two connections to one peer one that no relay carries is preferred to one that a relay does;
 * else, of two that the same end dialled, the newer, and else the one that the peer with the
 * smaller id dialled: both ends come to the same choice. The other takes no new streams and ends
 * once it carries none.
 */
#ifndef BEAM_P2P_POOL_H
#define BEAM_P2P_POOL_H

#include "base/map.h"
#include "p2p/conn.h"

enum { POOL_AGENT_SIZE = 128, POOL_SURPLUS_MS = 5000 };

/* A peer that is connected, or kept. */
struct peer {
    struct peer_id id;
    struct conn *conns;    /* newest first */
    unsigned kept, lodged; /* how often, and how often of these because it asked for it */
    unsigned doubled;      /* how often it is let have two */
    bool identified;
    char agent[POOL_AGENT_SIZE]; /* printable */
    char *protocols;             /* one after another, each with a NUL; NULL: none */
    size_t protocols_len;
    uint64_t rtt_us;
    uint64_t record_seq;  /* of the last signed record */
    struct addr observed; /* how this host looks from there; .len 0: it was not told */
    uint8_t *record;      /* that record, sealed; NULL: none */
    size_t record_len;
};

struct pool_events {
    void (*down)(void *arg, const struct peer_id *id); /* the last has ended */
    void *arg;
};

struct pool {
    struct loop *loop;
    const struct limits *limits;
    struct peer_id self;
    struct pool_events events;
    struct census *census;
    struct map *peers;
    struct conn *oldest, *newest;
    size_t connected; /* peers */
    uint64_t serial;
    struct loop_timer tick;
};

/* `limits` is borrowed. 0 or BEAM_ENOMEM. */
int pool_init(struct pool *p, struct loop *l, const struct rng *rng, const struct limits *limits,
              const struct peer_id *self, const struct pool_events *events);
/* Frees every connection; nothing is called. */
void pool_clear(struct pool *p);

/* Takes a connection in, making room where an idle stranger has it. 0; BEAM_ELIMIT, BEAM_EPROTO (to
 * itself), BEAM_ENOMEM with words: it stays the caller's. */
int pool_add(struct pool *p, struct conn *c, struct beam_why *why);
/* Takes it out and frees it. */
void pool_drop(struct pool *p, struct conn *c);

/* NULL: neither connected nor kept. */
struct peer *pool_peer(const struct pool *p, const struct peer_id *id);
/* The connection that new streams go to; NULL: none. */
struct conn *pool_use(const struct peer *peer);
/* Whether the connection is still there; it may have been freed. */
struct conn *pool_by_serial(const struct pool *p, uint64_t serial);
/* As host_keep, and standing_lodge. */
int pool_keep(struct pool *p, const struct peer_id *id, bool on);
int pool_lodge(struct pool *p, const struct peer_id *id, bool on);
/* The peer was asked to dial though it is connected: both stay, until it is off again as many times
 * as on. 0, BEAM_ELIMIT, BEAM_ENOMEM. */
int pool_double(struct pool *p, const struct peer_id *id, bool on);
/* Streams of all connections. */
size_t pool_streams(const struct pool *p);

#endif
