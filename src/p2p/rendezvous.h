/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * First contact for who knows no address (docs/protocol/rendezvous.md). Nodes that serve the DHT of
 * beams provide one well-known key in the public DHT of IPFS; who has nobody in his table looks
 * that key up there and dials its providers.
 *
 * It is a client of that DHT, for the minute that this takes. Looking up is done by a host that is
 * made for it, with a key that is forgotten with it; providing by the node's own, since nobody may
 * provide for another. Both dial as the permit has it, and nothing else.
 */
#ifndef BEAM_P2P_RENDEZVOUS_H
#define BEAM_P2P_RENDEZVOUS_H

#include "p2p/kad.h"

#define RENDEZVOUS_PROTOCOL "/ipfs/kad/1.0.0"

enum {
    RENDEZVOUS_PROVIDE_MS =
        22 * 60 * 60 * 1000,           /* libp2p/specs, kad-dht: nodes forget after 48 h */
    RENDEZVOUS_PATIENCE_MS = 30 * 1000 /* how long nodes that are known may take to answer us */
};

struct rendezvous;

struct rendezvous_spec { /* what is pointed to is borrowed; the struct is copied */
    struct loop *loop;
    const struct rng *rng;
    const struct clock_source *clock;
    struct host *host; /* of the node */
    struct kad *kad;   /* the node's in the DHT of beams; where it is a server, it is provided */
    const struct permit *permit;
    struct way_tor tor;  /* for looking up: its circuits are nobody else's. .dial NULL: none */
    const char *nodes;   /* of the DHT of IPFS, one multiaddr a line; "": the public ones. Looked at
                            while it starts */
    bool alone;          /* no other node of beams is known: looks at once, not after a while */
    bool allow_private;  /* addresses that mean nothing elsewhere are provided, too (for tests) */
    uint64_t ask_ms;     /* of struct kad_spec */
    uint64_t provide_ms; /* between two times; 0: as above */
};

/* What is provided: a multihash. */
struct kad_text rendezvous_key(void);

/* Begins. What comes of it is for the log. 0 or BEAM_ENOMEM. */
int rendezvous_new(const struct rendezvous_spec *spec, struct rendezvous **out);
/* Before the kad and the host. NULL allowed. */
void rendezvous_free(struct rendezvous *r);

#endif
