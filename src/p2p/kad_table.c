/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/kad_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

struct bucket {
    uint64_t looked;
    size_t n, waiting;
    struct kad_peer peers[KAD_K];
    struct kad_peer line[KAD_LINE_MAX]; /* who waited longest first */
};

/* Buckets are made when their first peer comes: of 256 some twenty ever have one. */
struct kad_table {
    struct kad_id self;
    size_t count;
    struct bucket *buckets[KAD_ID_BITS];
};

int kad_table_new(const struct peer_id *self, struct kad_table **out)
{
    struct kad_table *t = calloc(1, sizeof(*t));
    if (!t)
        return BEAM_ENOMEM;
    kad_id_of_peer(self, &t->self);
    *out = t;
    return 0;
}

void kad_table_free(struct kad_table *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < KAD_ID_BITS; i++)
        free(t->buckets[i]);
    free(t);
}

const struct kad_id *kad_table_self(const struct kad_table *t)
{
    return &t->self;
}

size_t kad_table_count(const struct kad_table *t)
{
    return t->count;
}

/* ---- one bucket ---- */

static struct kad_peer *find(struct kad_peer *peers, size_t n, const struct peer_id *peer)
{
    for (size_t i = 0; i < n; i++)
        if (peer_id_equal(&peers[i].peer, peer))
            return &peers[i];
    return NULL;
}

static void take_out(struct kad_peer *peers, size_t *n, struct kad_peer *which)
{
    size_t at = (size_t)(which - peers);
    memmove(which, which + 1, (*n - at - 1) * sizeof(*peers));
    *n -= 1;
}

static size_t of_group(const struct bucket *b, kad_group group)
{
    size_t n = 0;
    for (size_t i = 0; group != 0 && i < b->n; i++)
        n += b->peers[i].group == group;
    return n;
}

/* Whose last answer is the oldest. */
static const struct kad_peer *most_silent(const struct bucket *b)
{
    const struct kad_peer *oldest = &b->peers[0];
    for (size_t i = 1; i < b->n; i++)
        if (b->peers[i].seen < oldest->seen)
            oldest = &b->peers[i];
    return oldest;
}

/* Those in line move up as far as there is room for them. */
static void move_up(struct kad_table *t, struct bucket *b)
{
    for (size_t i = 0; i < b->waiting && b->n < KAD_K;) {
        struct kad_peer *p = &b->line[i];
        if (of_group(b, p->group) >= KAD_GROUP_MAX) {
            i++;
            continue;
        }
        b->peers[b->n++] = *p;
        t->count++;
        take_out(b->line, &b->waiting, p);
    }
}

/* The latest in line is the likeliest to be there: the one who waited longest makes room. */
static void wait_in_line(struct bucket *b, const struct kad_peer *p)
{
    struct kad_peer *known = find(b->line, b->waiting, &p->peer);
    if (known)
        take_out(b->line, &b->waiting, known);
    else if (b->waiting == KAD_LINE_MAX)
        take_out(b->line, &b->waiting, b->line);
    b->line[b->waiting++] = *p;
}

static struct bucket *bucket_of(const struct kad_table *t, const struct peer_id *peer)
{
    struct kad_id id;
    kad_id_of_peer(peer, &id);
    unsigned shared = kad_id_shared(&t->self, &id);
    return shared < KAD_ID_BITS ? t->buckets[shared] : NULL;
}

/* ---- what is heard of peers ---- */

int kad_table_seen(struct kad_table *t, const struct peer_id *peer, kad_group group, uint64_t now,
                   struct peer_id *check)
{
    struct kad_peer p = {.peer = *peer, .group = group, .seen = now};
    kad_id_of_peer(peer, &p.id);
    unsigned shared = kad_id_shared(&t->self, &p.id);
    if (shared == KAD_ID_BITS)
        return BEAM_EINVAL;
    struct bucket *b = t->buckets[shared];
    if (!b) {
        b = t->buckets[shared] = calloc(1, sizeof(*b));
        if (!b)
            return BEAM_ENOMEM;
        b->looked = now;
    }
    struct kad_peer *known = find(b->peers, b->n, peer);
    if (known && (known->group == group || of_group(b, group) < KAD_GROUP_MAX)) {
        *known = p;
        return 0;
    }
    if (of_group(b, group) >= KAD_GROUP_MAX)
        return known ? 0 : BEAM_ELIMIT;
    if (b->n < KAD_K) {
        b->peers[b->n++] = p;
        t->count++;
        return 0;
    }
    wait_in_line(b, &p);
    if (check)
        *check = most_silent(b)->peer;
    return BEAM_EAGAIN;
}

void kad_table_failed(struct kad_table *t, const struct peer_id *peer)
{
    struct bucket *b = bucket_of(t, peer);
    struct kad_peer *p = b ? find(b->peers, b->n, peer) : NULL;
    if (p && ++p->failures >= KAD_FAILURES_MAX)
        kad_table_remove(t, peer);
}

void kad_table_remove(struct kad_table *t, const struct peer_id *peer)
{
    struct bucket *b = bucket_of(t, peer);
    if (!b)
        return;
    struct kad_peer *p = find(b->line, b->waiting, peer);
    if (p)
        take_out(b->line, &b->waiting, p);
    p = find(b->peers, b->n, peer);
    if (!p)
        return;
    take_out(b->peers, &b->n, p);
    t->count--;
    move_up(t, b);
}

const struct kad_peer *kad_table_find(const struct kad_table *t, const struct peer_id *peer)
{
    struct bucket *b = bucket_of(t, peer);
    return b ? find(b->peers, b->n, peer) : NULL;
}

/* ---- what is asked of it ---- */

/* Puts p where it belongs among the nearest so far. */
static void insert(const struct kad_id *target, const struct kad_peer *p,
                   const struct kad_peer **out, size_t *n, size_t max)
{
    size_t same = 0, at = *n;
    for (size_t i = 0; p->group != 0 && i < *n; i++)
        same += out[i]->group == p->group;
    while (at > 0 && kad_id_nearer(target, &p->id, &out[at - 1]->id) < 0)
        at--;
    size_t drop = *n; /* whose place is taken: the farthest of the group, else the farthest */
    if (same >= KAD_GROUP_MAX)
        for (size_t i = *n; i > at && drop == *n; i--)
            drop = out[i - 1]->group == p->group ? i - 1 : drop;
    if (same >= KAD_GROUP_MAX && drop == *n)
        return; /* those of its group are all nearer */
    if (drop == *n && *n == max) {
        if (at == max)
            return;
        drop = max - 1;
    }
    if (drop == *n)
        *n += 1;
    memmove(&out[at + 1], &out[at], (drop - at) * sizeof(*out));
    out[at] = p;
}

static void insert_bucket(const struct kad_table *t, const struct kad_id *target, unsigned i,
                          const struct kad_peer **out, size_t *n, size_t max)
{
    const struct bucket *b = t->buckets[i];
    for (size_t k = 0; b && k < b->n; k++)
        insert(target, &b->peers[k], out, n, max);
}

/*
 * The bucket that target itself would be in comes first: all that is in it shares more with target
 * than anything elsewhere. Next are the deeper ones, which all branch off from target where we
 * do and so lie mixed; last those before it, each farther than the one behind it.
 */
size_t kad_table_nearest(const struct kad_table *t, const struct kad_id *target,
                         const struct kad_peer **out, size_t max)
{
    unsigned shared = kad_id_shared(&t->self, target);
    size_t n = 0;
    if (max == 0)
        return 0;
    if (shared < KAD_ID_BITS)
        insert_bucket(t, target, shared, out, &n, max);
    if (n < max)
        for (unsigned i = shared + 1; i < KAD_ID_BITS; i++)
            insert_bucket(t, target, i, out, &n, max);
    for (unsigned i = shared < KAD_ID_BITS ? shared : KAD_ID_BITS; i > 0 && n < max; i--)
        insert_bucket(t, target, i - 1, out, &n, max);
    return n;
}

size_t kad_table_bucket(const struct kad_table *t, unsigned shared, const struct kad_peer **out)
{
    const struct bucket *b = shared < KAD_ID_BITS ? t->buckets[shared] : NULL;
    for (size_t i = 0; b && i < b->n; i++)
        out[i] = &b->peers[i];
    return b ? b->n : 0;
}

bool kad_table_refresh(struct kad_table *t, uint64_t now, unsigned *shared)
{
    for (unsigned i = 0; i < KAD_ID_BITS; i++) {
        struct bucket *b = t->buckets[i];
        if (!b || now < b->looked + KAD_REFRESH_MS)
            continue;
        b->looked = now;
        *shared = i;
        return true;
    }
    return false;
}

void kad_table_key_in(const struct kad_table *t, unsigned shared, const struct rng *rng,
                      uint8_t key[KAD_ID_SIZE])
{
    struct kad_id id;
    unsigned wanted = shared < KAD_REFRESH_DEEPEST ? shared : KAD_REFRESH_DEEPEST;
    do {
        rng->fill(rng->arg, key, KAD_ID_SIZE);
        kad_id_of(key, KAD_ID_SIZE, &id);
    } while (kad_id_shared(&t->self, &id) != wanted);
}

void kad_table_looked(struct kad_table *t, const struct kad_id *target, uint64_t now)
{
    unsigned shared = kad_id_shared(&t->self, target);
    if (shared < KAD_ID_BITS && t->buckets[shared])
        t->buckets[shared]->looked = now;
}
