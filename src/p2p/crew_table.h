/* SPDX-License-Identifier: BSD-3-Clause */
/* Which other process of a crew holds a connection to which peer. Pure. */
#ifndef BEAM_P2P_CREW_TABLE_H
#define BEAM_P2P_CREW_TABLE_H

#include <stdbool.h>

#include "base/rng.h"
#include "identity/multiaddr.h"

struct crew_table;

/* A connection elsewhere. Borrowed, until the table changes. */
struct crew_place {
    unsigned mate;
    const struct peer_id *peer;
    const struct multiaddr *addr; /* whence the peer comes; empty: that is not known */
};

/* Of at most `peers`. 0 or BEAM_ENOMEM. */
int crew_table_new(const struct rng *rng, size_t peers, struct crew_table **out);
/* NULL allowed. */
void crew_table_free(struct crew_table *t);

/* A peer is connected at a mate; said once more, it is from there now. 0, BEAM_ELIMIT,
 * BEAM_ENOMEM. */
int crew_table_put(struct crew_table *t, unsigned mate, const struct peer_id *peer,
                   const struct multiaddr *addr);
/* Not any more. True: nor anywhere else. */
bool crew_table_take(struct crew_table *t, unsigned mate, const struct peer_id *peer);
/* One of a mate's peers, that it may be taken; false: it has none. */
bool crew_table_any(const struct crew_table *t, unsigned mate, struct peer_id *out);
/* Where a peer is: of several, where it came last. */
bool crew_table_find(const struct crew_table *t, const struct peer_id *peer,
                     struct crew_place *out);
/* Peers. */
size_t crew_table_count(const struct crew_table *t);

#endif
