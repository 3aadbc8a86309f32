/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a host holds against its peers: for each a debt, in points, to which every offence adds and
 * which falls by one a minute, so that who was mistaken is soon as good as anybody. Bounded: only
 * those who owe something are remembered, and of too many those who owe least are forgotten. It is
 * one host's, and nobody is told. Pure; time is passed in.
 *
 * Only what an honest peer does not do is an offence, or what it does seldom, and then it costs
 * little: that one does not answer, or tells of what this host may not dial, is none. And one, that
 * it tells of the dead, others can bring about: who answers everybody but this host makes all
 * honest peers seem to do so. It is no debt, and has the peer asked last for a while, not more.
 */
#ifndef BEAM_P2P_REPUTE_H
#define BEAM_P2P_REPUTE_H

#include "base/rng.h"
#include "identity/peer_id.h"

enum {
    REPUTE_POINT_MS = 60 * 1000, /* in which a debt falls by one */
    REPUTE_DOUBTED = 10,         /* points; from there on, */
    REPUTE_SHUNNED = 30,         /* from there on, */
    REPUTE_MOST = 60,            /* and no more */
    /* Who told of the dead is asked last for so long, and then it may do so for the rest of: */
    REPUTE_LAST_MS = 10 * 60 * 1000,
    REPUTE_DEAD_MS = 60 * 60 * 1000
};

enum repute_offence {
    REPUTE_GARBLED,    /* what it said is no message: 10 */
    REPUTE_BAD_VALUE,  /* a value that does not belong under its key, or is not signed: 10 */
    REPUTE_FALSE_NAME, /* it provides, or gives a record, for another: 10 */
    REPUTE_BOGUS,      /* most of whom it tells of are at private addresses, or at none: 5 */
    REPUTE_ITSELF,     /* when asked who is near, it tells of itself alone: 5 */
    REPUTE_OF_DEAD,    /* in one look-up, of many who do not answer and hardly any who do: 0 */
    REPUTE_GOSSIP,     /* for what it did in gossip nothing of it is read there any more: 20 */
    REPUTE_UNWANTED,   /* a value when a better one is here, or of a kind that nobody asks for: 1 */
    REPUTE_OFFENCES
};

enum repute_standing {
    REPUTE_GOOD,
    REPUTE_IS_LAST,    /* asked last, and nothing else */
    REPUTE_IS_DOUBTED, /* that, in no table, and nobody is told of it */
    REPUTE_IS_SHUNNED  /* not asked, not answered, not followed, and not let in */
};

struct repute;

/* Remembers at most `peers`. rng is borrowed. 0 or BEAM_ENOMEM. */
int repute_new(const struct rng *rng, size_t peers, struct repute **out);
/* NULL allowed. */
void repute_free(struct repute *r);

/* Returns what the peer's standing is then. Without memory nothing is held against it. */
enum repute_standing repute_blame(struct repute *r, const struct peer_id *peer,
                                  enum repute_offence what, uint64_t now);
/* Points, rounded up; 0: nothing is held against it. */
unsigned repute_debt(const struct repute *r, const struct peer_id *peer, uint64_t now);
enum repute_standing repute_of(const struct repute *r, const struct peer_id *peer, uint64_t now);
/* "a value that does not belong under its key", for the log. */
const char *repute_text(enum repute_offence what);

#endif
