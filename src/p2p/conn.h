/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One connection to a peer: a secured stream under yamux, the streams that the peer opens, each of
 * which is asked for its protocol, and a sign of life from time to time. For p2p/ alone.
 */
#ifndef BEAM_P2P_CONN_H
#define BEAM_P2P_CONN_H

#include "identity/multiaddr.h"
#include "loop/loop.h"
#include "p2p/census.h"
#include "p2p/way.h"
#include "stream/yamux.h"

struct peer;
struct conn;

enum {
    CONN_ASKED_MAX = 1024,     /* streams of the peer's that have no protocol yet; some open many */
    CONN_ASK_MS = 10 * 1000,   /* how long one may take to find its protocol */
    CONN_QUIET_MS = 60 * 1000, /* from one sign of life to asking for the next */
    CONN_ANSWER_MS = 30 * 1000 /* how long the peer may say nothing then */
};

struct conn_spec {
    struct loop *loop;
    const struct limits *limits; /* borrowed */
    struct yamux_budget *budget; /* borrowed */
    struct peer_id peer;
    struct multiaddr addr; /* empty: not known */
    enum way way;
    bool inbound;
    struct census_source source; /* of one that came in */
    struct way_limit limit;      /* of a circuit, which is left before it breaks */
};

/* All are called from the loop; the connection may be freed within. */
struct conn_events {
    /* Whether the host has room for one more stream. */
    bool (*room)(void *arg);
    bool (*supports)(void *arg, const char *protocol, size_t len);
    /* The peer's stream, for a protocol that is supported; the callee's. */
    void (*stream)(void *arg, struct conn *c, struct stream *s, const char *protocol);
    /* It is over; to be freed. */
    void (*closed)(void *arg, struct conn *c, int err, const struct beam_why *why);
    void *arg;
};

struct conn {
    struct conn_spec spec;
    struct conn_events events;
    struct yamux *yamux;
    struct asked *asked;
    size_t asked_count;
    uint64_t since, idle_since; /* idle_since: 0 while it has streams */
    uint64_t heard, pinged;     /* the last sign of life; when one was asked for, 0: answered */
    uint64_t rtt_us;
    bool leaving; /* no new streams: it is old, surplus, or the peer said so */
    struct loop_task fail;
    int fail_err;
    /* The pool's. */
    struct peer *owner;
    struct conn *next, *prev; /* of all, oldest first */
    struct conn *peer_next;   /* of the peer's, newest first */
    uint64_t serial;
    bool stranger;
};

/* Takes `secured` over, always (it is reset on failure). 0 or BEAM_ENOMEM. */
int conn_new(struct stream *secured, const struct conn_spec *spec, const struct conn_events *events,
             struct conn **out);
/* Says good-bye, and resets the streams there are. NULL allowed. */
void conn_free(struct conn *c);
/* Whether streams may be opened on it; where its limit is near it is left. */
bool conn_usable(struct conn *c);
/* As yamux_open. */
int conn_open(struct conn *c, struct stream **out);
/* No new streams on it. */
void conn_leave(struct conn *c);
size_t conn_streams(const struct conn *c);
/* What is due by now: asks for a sign of life, or ends it for want of one. To be called from time
 * to time. */
void conn_tick(struct conn *c, uint64_t now);
/* Asks for a sign of life now. */
void conn_probe(struct conn *c);

#endif
