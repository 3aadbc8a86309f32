/* SPDX-License-Identifier: BSD-3-Clause */
/* What a host consists of, for the files of p2p/ that are its parts. */
#ifndef BEAM_P2P_CORE_H
#define BEAM_P2P_CORE_H

#include "loop/listen.h"
#include "p2p/address_book.h"
#include "p2p/handlers.h"
#include "p2p/hearsay.h"
#include "p2p/host.h"
#include "p2p/pool.h"
#include "p2p/repute.h"
#include "p2p/standing.h"

enum {
    CORE_PLACES_MAX = 16,   /* addresses that a host listens at or announces */
    CORE_BOOK_PEERS = 1024, /* whose addresses it knows */
    CORE_SHUNNED_MAX = 16   /* that are to be disconnected at a time */
};

/* Where the host is reached. */
struct core_place {
    struct host *host;
    struct multiaddr addr;
    struct listener *listener; /* NULL: somebody else's */
};

/* Connections of this host that another process holds (p2p/crew.h): what is not found here is asked
 * for there. */
struct host_elsewhere {
    bool (*find)(void *arg, const struct peer_id *peer, struct host_peer *out);
    /* 0 and a stream that may be written to at once, or BEAM_E… */
    int (*open)(void *arg, const struct peer_id *peer, const char *protocol, struct stream **out);
    void (*disconnect)(void *arg, const struct peer_id *peer);
    void (*keep)(void *arg, const struct peer_id *peer, bool on);
    void *arg;
};

struct host {
    struct host_spec spec;      /* limits filled in */
    struct way_circuit circuit; /* .dial NULL: nothing goes by way of relays */
    struct peer_id id;
    struct yamux_budget budget;
    struct pool pool;
    struct address_book *book;
    struct hearsay *hearsay;
    struct handlers handlers;
    struct core_place *places[CORE_PLACES_MAX];
    size_t place_count;
    unsigned changes;         /* of the places */
    size_t streams;           /* at most so many are open */
    size_t dials;             /* races under way */
    struct arrival *arrivals; /* handshakes that others began */
    struct connect *connects; /* what was asked, and is not answered yet */
    struct open *opens;
    struct ping *pings;
    struct identify *identifies;
    struct pong *pongs;
    struct host_watch *watches;
    struct host_elsewhere elsewhere; /* .find NULL: there is none */
    struct repute *repute;           /* for p2p/standing.c, as what follows */
    struct standing_gate gate;       /* .shuts NULL: there is none */
    struct loop_task shun;
    size_t shunned_count;
    struct peer_id shunned[CORE_SHUNNED_MAX]; /* to be disconnected */
};

struct core_link {
    struct stream *secured; /* taken over, always */
    const struct peer_id *peer;
    const struct multiaddr *addr; /* NULL: not known */
    enum way way;
    const struct census_source *source; /* of one that came in; NULL: dialled */
    struct way_limit limit;             /* of a circuit */
};

/* A secured stream becomes a connection of the host. */
int core_adopt(struct host *h, const struct core_link *link, struct beam_why *why);
/* A peer's stream to whoever handles the protocol; it is reset when there is nobody. */
void core_hand(struct host *h, struct stream *s, const char *protocol,
               const struct host_peer *peer);
/* As others may see it. */
void core_show(const struct conn *c, struct host_peer *out);
/* Copied; NULL: there is none, which is so at first. */
void core_elsewhere(struct host *h, const struct host_elsewhere *e);
/* Whether the host may dial an address that the network named. */
bool core_may_learn(const struct host *h, const struct multiaddr *addr);
/* Tells those who watch that what the peer speaks is known. */
void core_identified(struct host *h, const struct conn *c);
/* Whether one more stream may be opened, by this end or by a peer; then it is counted. Of all that
 * there may be, peers leave a quarter to the host's own. */
bool core_room(struct host *h, bool ours);

#endif
