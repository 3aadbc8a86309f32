/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How many connections there are and whence, and whether one more is let in: the counts behind
 * p2p/limits.h. Pure. What comes in is counted by its source: an IPv4 address, an IPv6 /64, or,
 * where there is no address (an onion), the way it came; by a circuit, its relay.
 */
#ifndef BEAM_P2P_CENSUS_H
#define BEAM_P2P_CENSUS_H

#include "base/addr.h"
#include "base/err.h"
#include "base/rng.h"
#include "identity/peer_id.h"
#include "p2p/limits.h"

enum { CENSUS_SOURCE_SIZE = 9 };

struct census_source {
    uint8_t len;
    uint8_t bytes[CENSUS_SOURCE_SIZE];
};

/* `from` NULL: no address is known. */
void census_source(const struct addr *from, struct census_source *out);
/* Of what a relay brings: the relay. */
void census_source_relay(const struct peer_id *relay, struct census_source *out);

/* Whether nothing tells peers from there apart, as with visitors of an onion, or what a relay
 * brings. */
bool census_addressless(const struct census_source *s);
bool census_source_equal(const struct census_source *a, const struct census_source *b);
/* What a source is a part of: an IPv4 /16 or an IPv6 /32, which somebody had to be given; where
 * there is no address, all are of one. */
struct census_source census_network(const struct census_source *s);

struct census;

/* `limits` is borrowed. 0 or BEAM_ENOMEM. */
int census_new(const struct rng *rng, const struct limits *limits, struct census **out);
/* NULL allowed. */
void census_free(struct census *c);

/* A handshake that somebody else began. 0, BEAM_ELIMIT, BEAM_ENOMEM; only then, to be ended. */
int census_begin(struct census *c, const struct census_source *from, struct beam_why *why);
void census_end(struct census *c, const struct census_source *from);

/* A connection. `from` is given for one that came in, NULL for one that was dialled; a stranger is
 * a peer that came in and is not kept. As census_begin; census_leave gets the same arguments. */
int census_enter(struct census *c, const struct census_source *from, bool stranger,
                 struct beam_why *why);
void census_leave(struct census *c, const struct census_source *from, bool stranger);
/* A stranger is kept from now on, or is one again. */
void census_change(struct census *c, bool stranger);

size_t census_connections(const struct census *c);
size_t census_half_open(const struct census *c);

#endif
