/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An iterative look-up in the DHT: who is to be asked next, until the nodes nearest to a key are
 * known (libp2p/specs, kad-dht, "Peer routing"). Pure: it asks nobody, it is told.
 *
 * It goes by several paths that share no node (Baumgart and Mies, "S/Kademlia", 4.2): each node
 * belongs to the path on which it was first heard of, so that a liar can lead astray no path but
 * its own. And it does not end at exactly the k nearest but asks all it hears of in the region that
 * honest nodes would fill with k: whoever put k ids of his own nearest to a key is asked, and so
 * are the honest nodes behind him. Ids need no node behind them: of whomever three were told of who
 * do not answer, and fewer who do, the others are asked last, unless somebody else tells of them.
 * So are those who are doubted for what they did before.
 */
#ifndef BEAM_P2P_KAD_QUERY_H
#define BEAM_P2P_KAD_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "p2p/kad_id.h"

enum { KAD_PATHS_MAX = 8 };

struct kad_query_options {
    size_t k;        /* how many nearest nodes are wanted */
    size_t alpha;    /* how many may be asked at a time */
    size_t paths;    /* 1 to KAD_PATHS_MAX */
    uint64_t region; /* all this near are asked too (kad_size_radius); 0: none */
    size_t ask_max;  /* no more than this are asked in all */
};

struct kad_query;

/* 0, BEAM_EINVAL (an option out of its range), BEAM_ENOMEM. `self` is never asked. */
int kad_query_new(const struct kad_id *target, const struct peer_id *self,
                  const struct kad_query_options *options, struct kad_query **out);
/* NULL allowed. */
void kad_query_free(struct kad_query *q);

/* Somebody to begin with. The paths take turns in getting one. */
void kad_query_seed(struct kad_query *q, const struct peer_id *peer);

/* Who is to be asked now, and counts as asked from then on. False: nobody, for now or for good. */
bool kad_query_next(struct kad_query *q, struct peer_id *out);
/* A peer that was asked told of another; to be called for each before kad_query_answered. False:
 * that one is known already, or too far to matter. */
bool kad_query_told(struct kad_query *q, const struct peer_id *by, const struct peer_id *peer);
/* Somebody who was heard of is asked after all others. */
void kad_query_doubt(struct kad_query *q, const struct peer_id *peer);
void kad_query_answered(struct kad_query *q, const struct peer_id *peer);
void kad_query_failed(struct kad_query *q, const struct peer_id *peer);
/* It takes long. As if it had failed, unless it answers before all is over. */
void kad_query_slow(struct kad_query *q, const struct peer_id *peer);
/* Whether nobody is left to ask, and nobody is being asked but such as are slow: then nobody is
 * waited for, unless those are more than who answered, for then it may be us who are slow. */
bool kad_query_done(const struct kad_query *q);

struct kad_query_found {
    struct peer_id peer;
    struct kad_id id;
    unsigned hops; /* 1 for a seed */
};
/* The nodes nearest to the target of those that answered, nearest first. Returns how many. */
size_t kad_query_nearest(const struct kad_query *q, struct kad_query_found *out, size_t max);

/*
 * Those who told of many that did not answer, of five at least and of twice as many as did; who was
 * asked after the last that answered counts for neither, for then it may be us who were cut off.
 * Returns how many.
 */
size_t kad_query_liars(const struct kad_query *q, struct peer_id *out, size_t max);

struct kad_query_figures {
    size_t asked, answered, failed; /* failed: or slow, here and below */
    unsigned hops;                  /* of the nearest that answered */
    size_t region;                  /* answered in the region */
    size_t dead;    /* failed or doubted in the region, or anywhere while that is 0 */
    bool exhausted; /* ended by ask_max */
};
void kad_query_figures(const struct kad_query *q, struct kad_query_figures *out);
/* Whether far more nodes, living or dead, lie in the region than the size of the network lets
 * expect: more than 7/4 k. Somebody may be hiding this key. */
bool kad_query_crowded(const struct kad_query *q);

#endif
