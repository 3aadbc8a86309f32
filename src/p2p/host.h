/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A libp2p node: one identity, its connections and what is spoken over them. Each persona is a host
 * of its own, which shares nothing with another's, so that nothing of it leads to the other.
 *
 * A connection is a stream (TCP, or one through Tor), secured by Noise and shared by yamux
 * (stream/secure, stream/yamux). There is one to a peer as a rule: when both ends dial at once,
 * both come to prefer the same one and the other goes once it carries nothing. Identify,
 * identify-push and ping are answered by the host itself.
 *
 * What peers may make it hold has ceilings (struct limits). Connections that came in fill at
 * most a part of the pool, so that strangers cannot keep the host from those it dials.
 */
#ifndef BEAM_P2P_HOST_H
#define BEAM_P2P_HOST_H

#include "base/clock.h"
#include "base/rng.h"
#include "identity/key.h"
#include "identity/multiaddr.h"
#include "loop/listen.h"
#include "loop/loop.h"
#include "p2p/address_book.h"
#include "p2p/limits.h"
#include "p2p/way.h"
#include "policy/permit.h"
#include "stream/stream.h"

struct conn; /* a connection of a host */
struct host;

/* What others learn by identify. */
enum host_kind {
    HOST_ANONYMOUS, /* onions and circuits alone, agent "beam"; nobody is told what he looks like */
    HOST_OPEN       /* all that it announces, its agent, and how each peer looks from here */
};

/* Borrowed, all of it, and outlives the host; but the struct itself and the limits are copied. */
struct host_spec {
    struct loop *loop;
    const struct rng *rng;
    const struct clock_source *clock;
    const struct key_pair *key;
    const struct permit *permit; /* every dial and every listener asks it */
    enum host_kind kind;
    const char *agent;           /* of an open one: "beam/0.1.0" */
    struct way_tor tor;          /* .dial NULL: nothing goes through Tor */
    struct limits limits;        /* fields that are 0: as limits_default has them */
    enum listen_sharing sharing; /* with other processes of this host */
};

/* A connected peer, as it is now. Borrowed for the call that shows it. */
struct host_peer {
    const struct peer_id *id;
    const struct multiaddr *addr; /* dialled, or whence it came; empty when that is not known */
    enum way way;
    bool inbound;
    const char *agent; /* as it said, printable; "" until it did */
    uint64_t since;    /* on loop_now's clock */
    size_t streams;
    uint64_t rtt_us; /* of the last ping; 0: none yet */
    uint64_t serial; /* of the connection; no other has it, ever */
};

/* 0 or BEAM_ENOMEM. */
int host_new(const struct host_spec *spec, struct host **out);
/* Ends every connection, listener and handle; nothing is answered any more. Streams that were
 * handed out stay their owners' and have failed. NULL allowed. */
void host_free(struct host *h);
/* Borrowed. */
const struct peer_id *host_id(const struct host *h);

/* ---- where it is reached ---- */

/* Listens at /ip4|ip6/…/tcp/PORT (0 picks one) and announces it. 0; BEAM_EINVAL (another kind of
 * address), BEAM_EPOLICY, BEAM_EEXIST, BEAM_EPERM, … with words. */
int host_listen(struct host *h, const struct multiaddr *at, struct beam_why *why);
/* Whether it is such an address. 0, or BEAM_EINVAL with words. Pure. */
int host_listenable(const struct multiaddr *at, struct beam_why *why);
/* Takes over a stream that a listener of somebody else's accepted: an onion's. `from` may be NULL.
 * What comes of it is for the log. */
void host_accept(struct host *h, struct stream *s, enum way way, const struct multiaddr *from);
/* The same of one that a relay brought, which says whom it is from: `from` is the relay's address
 * with /p2p-circuit at its end, and another peer than `peer` is turned away. */
void host_accept_circuit(struct host *h, struct stream *s, const struct multiaddr *from,
                         const struct peer_id *peer, const struct way_limit *limit);
/* How it reaches peers by way of relays from now on; `way` is copied, NULL: not any more. */
void host_circuits(struct host *h, const struct way_circuit *way);
/* Adds an address where others reach it by other means (an onion), or takes it away. 0 or
 * BEAM_ELIMIT, BEAM_ENOMEM. */
int host_announce(struct host *h, const struct multiaddr *addr, bool on);
/* Address number i of those that it listens at or announces; NULL: no more. Without /p2p.
 * Borrowed. */
const struct multiaddr *host_addr(const struct host *h, size_t i);

/* ---- protocols ---- */

/* A peer opened a stream for the protocol; the stream is the callee's. */
typedef void host_stream_fn(void *arg, struct stream *s, const struct host_peer *peer);
/* `protocol` is copied. 0, BEAM_EEXIST, BEAM_EINVAL (its length), BEAM_ELIMIT, BEAM_ENOMEM. */
int host_handle(struct host *h, const char *protocol, host_stream_fn *fn, void *arg);
/* No more of it from now on; streams handed out stay. */
void host_unhandle(struct host *h, const char *protocol);

enum { HOST_REACHED_MS = 7 * 24 * 60 * 60 * 1000 };

/* ---- peers (p2p/connect.h, p2p/open.h and p2p/ping.h reach them) ---- */

/* Ends every connection to the peer. */
void host_disconnect(struct host *h, const struct peer_id *peer);
/* A peer that is kept is not closed for being idle or old, and strangers do not push it out.
 * Counted: as many times off as on. 0, BEAM_ELIMIT, BEAM_ENOMEM. */
int host_keep(struct host *h, const struct peer_id *peer, bool on);
/* Where a peer may be reached, on somebody's word in the network; forgotten after ttl_ms. Those
 * where it was reached are known by themselves (HOST_REACHED_MS). */
void host_learn(struct host *h, const struct peer_id *peer, const struct multiaddr *addrs, size_t n,
                enum address_word word, uint64_t ttl_ms);

/* Where a peer on the same link says that it is; forgotten after ttl_ms, whatever else is said.
 * Whether the permit lets it be dialled there; if not, it is not learned. */
bool host_learn_nearby(struct host *h, const struct peer_id *peer, const struct multiaddr *addr,
                       uint64_t ttl_ms);

/* Whether there is a connection to the peer, here. */
bool host_connected(const struct host *h, const struct peer_id *peer);
/* The peer's preferred connection, here or elsewhere; false: none. */
bool host_find(const struct host *h, const struct peer_id *peer, struct host_peer *out);
/* Walks the connections here, oldest first, from *at = NULL; false: no more. None may go then. */
bool host_next(const struct host *h, const struct conn **at, struct host_peer *out);
/* Peers connected, here. */
size_t host_peers(const struct host *h);

/* Who wants to hear of peers. Embedded in its owner; NULL functions are skipped. All are called
 * from the loop; within, the host may not be freed, and no watch but this one be taken away. */
struct host_watch {
    void (*up)(void *arg, const struct host_peer *peer);         /* the first connection */
    void (*identified)(void *arg, const struct host_peer *peer); /* what it speaks is known */
    void (*down)(void *arg, const struct peer_id *peer);         /* the last one ended */
    void *arg;
    struct host_watch *next, **link; /* private */
};
void host_watch(struct host *h, struct host_watch *w);
void host_unwatch(struct host_watch *w);
/* What a connected peer signed of its addresses, for others; as many bytes as were written, 0: it
 * said nothing, or does not fit. */
size_t host_record(const struct host *h, const struct peer_id *peer, uint8_t *out, size_t size);
/* Whether identify said that the peer speaks the protocol. */
bool host_speaks(const struct host *h, const struct peer_id *peer, const char *protocol);

#endif
