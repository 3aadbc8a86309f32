/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Relays that nobody named: found in the DHT, as its client, over a persona's own host; one of them
 * is picked (relay/known.h), and another after that one failed. What was seen of them is kept.
 */
#ifndef BEAM_RELAY_FINDER_H
#define BEAM_RELAY_FINDER_H

#include "p2p/kad.h"
#include "relay/news.h"
#include "relay/pick.h"

struct finder;

struct finder_spec { /* what is pointed to is borrowed; the struct is copied */
    struct loop *loop;
    struct host *host;
    struct kad *kad; /* the host's; NULL: nothing is fetched, and the news is all there is */
    const struct news *news; /* of the host's gossip: relays that it heard of; NULL: of none */
    const struct rng *rng;
    const char *history;  /* path of the file of what was seen; NULL: nothing is kept */
    unsigned kinds;       /* that the relay must have: bits */
    uint64_t patience_ms; /* until somebody must have answered */
};

/* `info` is borrowed for the call, and the host has learned where the relay is; NULL on failure:
 * BEAM_EUNREACH (nobody in the network answers), BEAM_ENOTFOUND (no relay that can be used), with
 * words. */
typedef void finder_fn(void *arg, int err, const struct beam_why *why,
                       const struct relay_info *info);

/* 0, BEAM_ENOMEM, BEAM_ELIMIT. */
int finder_new(const struct finder_spec *spec, struct finder **out);
/* Nothing more is called. Before the kad and the news. NULL allowed. */
void finder_free(struct finder *f);
/* The next one, as known_next (relay/known.h) has it. The answer comes later, once; one pick at a
 * time. */
void finder_pick(struct finder *f, finder_fn *done, void *arg);
/* Asks for the list anew, and answers once it is there; 0 though it may be empty. As
 * finder_pick, and instead of one. */
typedef void finder_list_fn(void *arg, int err, const struct beam_why *why);
void finder_list(struct finder *f, finder_list_fn *done, void *arg);
/* Relay number i of the list, and what was seen of it (NULL allowed); NULL: no more. Borrowed. */
const struct relay_info *finder_known(const struct finder *f, size_t i, struct pick_history *seen);
/* This one first, if it is there: it was used before. Nothing is fetched now. */
void finder_prefer(struct finder *f, const struct peer_id *relay);
/* Nobody is told of what is under way. */
void finder_cancel(struct finder *f);
/* What became of the one that was picked: it came up after `ms`, or failed. */
void finder_report(struct finder *f, const struct peer_id *relay, bool served, uint64_t ms);

#endif
