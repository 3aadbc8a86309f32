/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The routing table of the DHT: of all servers that were met, those worth remembering, in one
 * bucket for each length of the prefix that they share with us (Maymounkov and Mazières,
 * "Kademlia", 2.2 and 2.4; libp2p/specs, kad-dht). Pure; time is passed in.
 *
 * A bucket holds KAD_K peers. One that has answered stays as long as it answers: newcomers wait in
 * a short line behind a full bucket, and take a place when one in it was found dead, so that
 * nobody can push out those who are there by coming with many ids. Of one network (a group) a
 * bucket takes KAD_GROUP_MAX peers, so that nobody fills it with many ids at one place. Those who
 * come by an onion or a relay are nowhere, all of them together: they may fill a bucket as long as
 * nobody else is there, for some nodes know no others, but ids are free for them, and so whoever is
 * somewhere takes the place of one of them while they have more than half.
 */
#ifndef BEAM_P2P_KAD_TABLE_H
#define BEAM_P2P_KAD_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"
#include "p2p/kad_id.h"

enum {
    KAD_REFRESH_DEEPEST = 6,     /* bits shared */
    KAD_K = 20,                  /* peers in a bucket, and in an answer */
    KAD_GROUP_MAX = 2,           /* of them in one group, */
    KAD_NOWHERE = 0,             /* but for this one, of which */
    KAD_NOWHERE_MAX = KAD_K / 2, /* stay when others come */
    KAD_LINE_MAX = 5,            /* peers that wait for a place in a bucket */
    KAD_FAILURES_MAX = 2,        /* in a row, after which a peer has lost its place */
    /* After so long one whose place is wanted is asked whether it is there. In a full bucket each
     * word of those who wait in line comes to that, so that less would double all traffic. */
    KAD_SILENT_MS = 10 * 60 * 1000,
    KAD_OLD_MS = 30 * 60 * 1000, /* and after so long anybody is */
    /* A bucket is due when it gets its first peer, and when nothing was looked up there for so long
     * (Kademlia, 2.3). */
    KAD_REFRESH_MS = 60 * 60 * 1000,
    KAD_SELF_MAX_MS = 30 * 60 * 1000 /* at least as often we look ourselves up */
};

/* A network whose peers count as one party. KAD_NOWHERE: none is known (an onion has none). */
typedef uint32_t kad_group;

struct kad_peer {
    struct kad_id id;
    struct peer_id peer;
    uint8_t failures; /* since it last answered, */
    kad_group group;
    uint64_t seen; /* which was then */
};

struct kad_table;

/* 0 or BEAM_ENOMEM. */
int kad_table_new(const struct peer_id *self, struct kad_table **out);
/* NULL allowed. */
void kad_table_free(struct kad_table *t);
const struct kad_id *kad_table_self(const struct kad_table *t);

/*
 * A server answered us. 0: it has a place. BEAM_EAGAIN: it waits, and the peer in `check` (unless
 * NULL), which has been silent for the longest, should be asked whether it is there. BEAM_ELIMIT:
 * its group has its share. BEAM_EINVAL: it is ourselves. BEAM_ENOMEM.
 */
int kad_table_seen(struct kad_table *t, const struct peer_id *peer, kad_group group, uint64_t now,
                   struct peer_id *check);
/* It did not answer. With KAD_FAILURES_MAX in a row it goes; who waited longest takes its place. */
void kad_table_failed(struct kad_table *t, const struct peer_id *peer);
/* It is no server (any more). */
void kad_table_remove(struct kad_table *t, const struct peer_id *peer);

size_t kad_table_count(const struct kad_table *t);
/* The place of a peer, or NULL. Borrowed until the table changes. */
const struct kad_peer *kad_table_find(const struct kad_table *t, const struct peer_id *peer);

/*
 * The peers nearest to target, nearest first: at most `max`, at most KAD_GROUP_MAX of a group. Of
 * those who are nowhere half of `max`, unless the buckets that it takes to fill the answer have too
 * few others. Returns how many; borrowed until the table changes.
 */
size_t kad_table_nearest(const struct kad_table *t, const struct kad_id *target,
                         const struct kad_peer **out, size_t max);

/* The peers of the bucket whose ids share `shared` bits with ours; returns how many. Borrowed. */
size_t kad_table_bucket(const struct kad_table *t, unsigned shared, const struct kad_peer **out);

/* Who has been silent for the longest, be it KAD_OLD_MS at least: it is to be asked whether it is
 * there, for of a bucket that has room nobody else finds out. False: nobody has. */
bool kad_table_silent(const struct kad_table *t, uint64_t now, struct peer_id *out);

struct kad_table_key {
    bool self; /* our own id */
    uint8_t len, bytes[PEER_ID_MAX];
};
/*
 * What is to be looked up because a bucket is due, which then counts as refreshed; false: none is.
 * One that is full of peers that were all heard of since is not.
 * Of the buckets near to us, which hold no more than KAD_K together, that is ourselves, once for
 * all of them. Of others it is a random key in them; nodes hash the key that they are asked for, so
 * that it has to be tried out (2^(n + 1) hashes in the n-th), and in those behind
 * KAD_REFRESH_DEEPEST it is the id of one who is there.
 */
bool kad_table_refresh(struct kad_table *t, uint64_t now, const struct rng *rng,
                       struct kad_table_key *out);
/*
 * Those nearest to us are who we must know, and who must know us; when we came there may be others
 * who came with us, so that once is not enough. And of how many there are we learn where nobody can
 * have chosen to be (kad_size). After we have looked ourselves up so often:
 */
struct kad_table_turn {
    uint64_t after_ms; /* how long until the next time, */
    bool whole;        /* whether that is for all who are near or for some, */
    bool chance;       /* and whether a key that chance chooses is looked up, too */
};
struct kad_table_turn kad_table_turn(unsigned looked);
/* Something was looked up there. */
void kad_table_looked(struct kad_table *t, const struct kad_id *target, uint64_t now);

#endif
