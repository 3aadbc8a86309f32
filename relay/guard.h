/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whom a relay lets in at the moment: the bans, and what each source and each key may take of its
 * visitors, requests and reservations. Pure but for the bans' file. Every decision is made in
 * constant time, and every table is bounded.
 *
 * A source is a /24 of IPv4 or a /48 of IPv6. Loopback is none: a proxy in front of the relay comes
 * from there, with visitors from everywhere. Owners who come through Tor have none either; they are
 * held by what all together may ask, and by the work that is asked of them then.
 */
#ifndef BEAM_RELAY_GUARD_H
#define BEAM_RELAY_GUARD_H

#include "relay/bans.h"
#include "relay/denylists.h"
#include "relay/net.h"
#include "relay/quota.h"

struct guard_limits {             /* 0: no limit */
    size_t source_visitors;       /* connections at once */
    uint64_t source_requests;     /* of visitors, a second; ten times as many at once */
    uint64_t tunnel_requests;     /* the same, of one owner's key */
    uint64_t key_reservations;    /* what an owner's key asks, a minute; twice as much at once */
    uint64_t source_reservations; /* the same, of one source */
    uint64_t key_names;           /* new names of an owner's key, an hour; as many at once */
    uint64_t source_names;        /* the same, of one source */
    uint64_t reservations;        /* of all, a minute; as many at once */
};

struct guard;

/* `bans` is borrowed. For at most `sources` of them, and `keys`. 0 or BEAM_ENOMEM. */
int guard_new(const struct rng *rng, struct bans *bans, size_t sources, size_t keys,
              struct guard **out);
/* NULL allowed. */
void guard_free(struct guard *g);
/* Borrowed; NULL: none. Who is on one is as one who is banned. */
void guard_subscribe(struct guard *g, const struct denylists *lists);
/* From now on. */
void guard_limit(struct guard *g, const struct guard_limits *limits);

/* A visitor's connection. False: not this one. Ended by guard_leave. */
bool guard_enter(struct guard *g, const struct net *from);
void guard_leave(struct guard *g, const struct net *from);
/* A request of a visitor to an endpoint of this owner. False: not now; *wait_ms until it may. */
bool guard_request(struct guard *g, const struct net *from, const struct peer_id *owner,
                   uint64_t now_ms, uint64_t *wait_ms);
/* An owner asks for something. 0; BEAM_EPERM: it is banned; BEAM_ELIMIT: not now; *wait_ms. */
int guard_ask(struct guard *g, const struct peer_id *owner, const struct net *from, uint64_t now_ms,
              uint64_t *wait_ms);
/* Milliseconds until an owner may have another new name; 0: now. */
uint64_t guard_name_wait(const struct guard *g, const struct peer_id *owner, const struct net *from,
                         uint64_t now_ms);
/* It has been given one. */
void guard_named(struct guard *g, const struct peer_id *owner, const struct net *from,
                 uint64_t now_ms);
/* Whether an endpoint is banned, or on a denylist. */
bool guard_bars(const struct guard *g, const uint8_t id[RESERVATION_ID_SIZE]);
/* Whether an owner (NULL: who it is is not known yet) is banned or on a denylist, or where it comes
 * from is banned. */
bool guard_shuts_out(const struct guard *g, const struct peer_id *owner, const struct net *from);
/* How much of what all owners together may ask is used up: 0 to 100. */
unsigned guard_load(const struct guard *g, uint64_t now_ms);

#endif
