/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * By which way an address may be reached under a permit, and in which order several are tried.
 * Pure. What is not covered is left out here, so that dialling code never sees it.
 */
#ifndef BEAM_P2P_WAY_H
#define BEAM_P2P_WAY_H

#include "base/addr.h"
#include "identity/multiaddr.h"
#include "policy/permit.h"
#include "stream/stream.h"

enum way {
    WAY_DIRECT, /* TCP from this machine */
    WAY_ONION,  /* to or from an onion service */
    WAY_EXIT,   /* TCP from an exit of the Tor network */
    WAY_CIRCUIT /* through a peer that relays it (libp2p/specs, relay/circuit-v2) */
};

/* "direct", "onion", "exit", "circuit". Static storage. */
const char *way_name(enum way way);
/* What takes `ms` directly may take three times as long through Tor or a relay. */
uint64_t way_patience(enum way way, uint64_t ms);

enum { WAY_HOST_MAX = 255 };

/* What a host has beside its own sockets. */
enum way_means { WAY_BY_TOR = 1, WAY_BY_CIRCUIT = 2 };

struct way_target {
    enum way way;
    enum permit_origin origin;
    struct addr at;              /* WAY_DIRECT */
    char host[WAY_HOST_MAX + 1]; /* through Tor: an onion name, a name or an IP literal */
    uint16_t port;
};

/*
 * What a multiaddr is reached by: /ip4|ip6/…/tcp/… directly where the permit covers it, else, where
 * it is a public address, through an exit; /dns*…/tcp/… through an exit (names are never looked up
 * here); /onion3/… through Tor. A last /p2p is passed over. …/p2p/RELAY/p2p-circuit is reached by
 * a circuit where the way to the relay is permitted. `means` are WAY_BY_…. 0; BEAM_EPOLICY;
 * BEAM_EINVAL: a transport that is not spoken here. Both with words.
 */
int way_find(const struct multiaddr *a, const struct permit *permit, enum permit_origin origin,
             unsigned means, struct way_target *out, struct beam_why *why);
/* Whether anybody could be reached at such an address, whatever a permit says: it is of a transport
 * that is spoken here, and of a place. 0 or BEAM_EINVAL with words. */
int way_dialable(const struct multiaddr *a, struct beam_why *why);
/* Whether an address means something to somebody elsewhere: an onion, a name, a public IP address,
 * over whichever transport; with `private`, any but an unspecified one. */
bool way_public(const struct multiaddr *a, bool private);
/* Below zero when a is to be tried before b: direct before onion before exit before circuit;
 * loopback, then private, then public; IPv6 before IPv4. */
int way_compare(const struct way_target *a, const struct way_target *b);

/* The relay of a circuit's address. */
struct way_hop {
    struct peer_id relay;
    struct multiaddr at; /* without its peer; empty: the address does not say where it is */
};

/* 0 or BEAM_EINVAL: not one of one relay, with or without the far peer behind it. Pure. */
int way_hop(const struct multiaddr *a, struct way_hop *out);

/*
 * How streams through Tor are made; a host gets this from its owner. `dial` waits for tor to be
 * ready and takes a circuit that is this host's and this destination's alone. The answer comes
 * later, once, unless cancelled; at once: BEAM_EPOLICY, BEAM_ENOMEM, BEAM_EINVAL. `ready`: whether
 * tor is; else a failure says nothing of the place.
 */
typedef void way_tor_fn(void *arg, int err, const struct beam_why *why, struct stream *s);
struct way_tor {
    int (*dial)(void *owner, const char *host, uint16_t port, uint64_t timeout_ms, way_tor_fn *done,
                void *arg, void **out);
    void (*cancel)(void *owner, void *dial);
    bool (*ready)(void *owner);
    void *owner;
};

/* What a relay lets a circuit carry, then it breaks it; 0: as long, or as much, as it likes. */
struct way_limit {
    uint64_t ms;
    uint64_t bytes; /* in each direction */
};

typedef void way_circuit_fn(void *arg, int err, const struct beam_why *why, struct stream *s,
                            const struct way_limit *limit);

/*
 * How streams through relays are made; a host gets this from what speaks their protocol
 * (host_circuits). The relay is reached under the host's permit, never by a circuit. As way_tor.
 */
struct way_circuit {
    int (*dial)(void *owner, const struct way_hop *hop, const struct peer_id *peer,
                enum permit_origin origin, uint64_t timeout_ms, way_circuit_fn *done, void *arg,
                void **out);
    void (*cancel)(void *owner, void *dial);
    void *owner;
};

#endif
