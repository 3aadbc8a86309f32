/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/kad_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

enum { STEP = 4 }; /* a bucket grows by so many places */

struct bucket {
    uint64_t due; /* to be looked up; at once when its first peer has come */
    size_t n, room, waiting;
    struct kad_peer *peers; /* `room` places */
    struct kad_peer *line;  /* who waited longest first; NULL while nobody ever did */
    uint64_t heads[KAD_K];  /* what the peers' ids begin with: most look-ups need no more */
};

/* There are as many buckets as were needed so far: of 256 some twenty ever have a peer. */
struct kad_table {
    struct peer_id peer;
    struct kad_id self;
    size_t count;
    unsigned depth;
    struct bucket *buckets; /* `depth` of them */
};

int kad_table_new(const struct peer_id *self, struct kad_table **out)
{
    struct kad_table *t = calloc(1, sizeof(*t));
    if (!t)
        return BEAM_ENOMEM;
    t->peer = *self;
    kad_id_of_peer(self, &t->self);
    *out = t;
    return 0;
}

void kad_table_free(struct kad_table *t)
{
    if (!t)
        return;
    for (unsigned i = 0; i < t->depth; i++) {
        free(t->buckets[i].peers);
        free(t->buckets[i].line);
    }
    free(t->buckets);
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

static uint64_t head_of(const struct kad_id *id)
{
    static const struct kad_id zero;
    return kad_id_distance(&zero, id);
}

static struct kad_peer *find(const struct bucket *b, const struct peer_id *peer,
                             const struct kad_id *id)
{
    uint64_t head = head_of(id);
    for (size_t i = 0; i < b->n; i++)
        if (b->heads[i] == head && peer_id_equal(&b->peers[i].peer, peer))
            return &b->peers[i];
    return NULL;
}

static struct kad_peer *find_waiting(const struct bucket *b, const struct peer_id *peer)
{
    for (size_t i = 0; i < b->waiting; i++)
        if (peer_id_equal(&b->line[i].peer, peer))
            return &b->line[i];
    return NULL;
}

/* There is a place. */
static void put_in(struct kad_table *t, struct bucket *b, const struct kad_peer *p)
{
    b->heads[b->n] = head_of(&p->id);
    b->peers[b->n++] = *p;
    t->count++;
}

static void take_out(struct kad_table *t, struct bucket *b, struct kad_peer *p)
{
    size_t at = (size_t)(p - b->peers), behind = b->n - at - 1;
    memmove(p, p + 1, behind * sizeof(*p));
    memmove(&b->heads[at], &b->heads[at + 1], behind * sizeof(b->heads[0]));
    b->n--;
    t->count--;
}

static void leave_line(struct bucket *b, struct kad_peer *p)
{
    memmove(p, p + 1, (size_t)(b->line + b->waiting - p - 1) * sizeof(*p));
    b->waiting--;
}

static size_t of_group(const struct bucket *b, kad_group group)
{
    size_t n = 0;
    for (size_t i = 0; i < b->n; i++)
        n += b->peers[i].group == group;
    return n;
}

static bool has_its_share(const struct bucket *b, kad_group group)
{
    return group != KAD_NOWHERE && of_group(b, group) >= KAD_GROUP_MAX;
}

/* Who is nowhere gives way to who is somewhere while those like it have more than half: the one who
 * came last, for those who were there first stay. NULL: nobody does. */
static struct kad_peer *gives_way(struct bucket *b, kad_group to)
{
    if (to == KAD_NOWHERE || b->n < KAD_K || of_group(b, KAD_NOWHERE) <= KAD_NOWHERE_MAX)
        return NULL;
    size_t i = b->n - 1;
    while (b->peers[i].group != KAD_NOWHERE)
        i--;
    return &b->peers[i];
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

/* Who waited longest of those that may have a place; NULL: nobody. Where half are nowhere, others
 * like them come last. */
static struct kad_peer *next_in_line(struct bucket *b)
{
    bool enough = of_group(b, KAD_NOWHERE) >= KAD_NOWHERE_MAX;
    struct kad_peer *last = NULL;
    for (size_t i = b->waiting; i > 0; i--) {
        struct kad_peer *p = &b->line[i - 1];
        bool later = enough && p->group == KAD_NOWHERE && last && last->group != KAD_NOWHERE;
        if (!later && !has_its_share(b, p->group))
            last = p;
    }
    return last;
}

/* Those in line move up as far as there is room: of a bucket that was full nothing is freed. */
static void move_up(struct kad_table *t, struct bucket *b)
{
    struct kad_peer *p;
    while (b->n < KAD_K && (p = next_in_line(b))) {
        put_in(t, b, p);
        leave_line(b, p);
    }
}

/* Of a full line: who waited longest; when most of them, with the one that comes, are nowhere, the
 * one of those who did. */
static struct kad_peer *makes_room(struct bucket *b, kad_group to)
{
    struct kad_peer *first = NULL;
    size_t nowhere = to == KAD_NOWHERE;
    for (size_t i = b->waiting; i > 0; i--)
        if (b->line[i - 1].group == KAD_NOWHERE) {
            first = &b->line[i - 1];
            nowhere++;
        }
    return first && nowhere > KAD_LINE_MAX / 2 ? first : b->line;
}

/* The latest in line is the likeliest to be there. */
static int wait_in_line(struct bucket *b, const struct kad_peer *p)
{
    if (!b->line)
        b->line = calloc(KAD_LINE_MAX, sizeof(b->line[0]));
    if (!b->line)
        return BEAM_ENOMEM;
    struct kad_peer *known = find_waiting(b, &p->peer);
    if (known)
        leave_line(b, known);
    else if (b->waiting == KAD_LINE_MAX)
        leave_line(b, makes_room(b, p->group));
    b->line[b->waiting++] = *p;
    return BEAM_EAGAIN;
}

/* A place for one more. */
static int grow(struct bucket *b)
{
    if (b->n < b->room)
        return 0;
    struct kad_peer *peers = realloc(b->peers, (b->room + STEP) * sizeof(*peers));
    if (!peers)
        return BEAM_ENOMEM;
    b->peers = peers;
    b->room += STEP;
    return 0;
}

static int deepen(struct kad_table *t, unsigned depth)
{
    if (depth <= t->depth)
        return 0;
    struct bucket *buckets = realloc(t->buckets, depth * sizeof(*buckets));
    if (!buckets)
        return BEAM_ENOMEM;
    memset(&buckets[t->depth], 0, (depth - t->depth) * sizeof(*buckets));
    t->buckets = buckets;
    t->depth = depth;
    return 0;
}

/* Where the peer is, or would be; NULL: there is no such bucket. */
static struct bucket *bucket_of(const struct kad_table *t, const struct peer_id *peer,
                                struct kad_id *id)
{
    kad_id_of_peer(peer, id);
    unsigned shared = kad_id_shared(&t->self, id);
    return shared < t->depth ? &t->buckets[shared] : NULL;
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
    if (deepen(t, shared + 1) < 0)
        return BEAM_ENOMEM;
    struct bucket *b = &t->buckets[shared];
    struct kad_peer *known = find(b, peer, &p.id);
    if (known && group == KAD_NOWHERE)
        p.group = known->group; /* by a way that does not show it */
    if (known && (known->group == p.group || !has_its_share(b, group))) {
        *known = p;
        return 0;
    }
    if (has_its_share(b, group))
        return known ? 0 : BEAM_ELIMIT;
    struct kad_peer *gone = gives_way(b, group);
    if (gone)
        take_out(t, b, gone);
    if (b->n < KAD_K) {
        struct kad_peer *waits = find_waiting(b, peer);
        if (b->room == 0)
            b->due = now;
        if (grow(b) < 0)
            return BEAM_ENOMEM;
        if (waits)
            leave_line(b, waits);
        put_in(t, b, &p);
        return 0;
    }
    int err = wait_in_line(b, &p);
    if (err == BEAM_EAGAIN && check)
        *check = most_silent(b)->peer;
    return err;
}

void kad_table_failed(struct kad_table *t, const struct peer_id *peer)
{
    struct kad_id id;
    struct bucket *b = bucket_of(t, peer, &id);
    struct kad_peer *p = b ? find(b, peer, &id) : NULL;
    if (p && ++p->failures >= KAD_FAILURES_MAX)
        kad_table_remove(t, peer);
}

void kad_table_remove(struct kad_table *t, const struct peer_id *peer)
{
    struct kad_id id;
    struct bucket *b = bucket_of(t, peer, &id);
    if (!b)
        return;
    struct kad_peer *p = find_waiting(b, peer);
    if (p)
        leave_line(b, p);
    p = find(b, peer, &id);
    if (!p)
        return;
    take_out(t, b, p);
    move_up(t, b);
}

const struct kad_peer *kad_table_find(const struct kad_table *t, const struct peer_id *peer)
{
    struct kad_id id;
    const struct bucket *b = bucket_of(t, peer, &id);
    return b ? find(b, peer, &id) : NULL;
}

/* ---- what is asked of it ---- */

/* The nearest so far, nearest first. */
struct nearest {
    const struct kad_id *target;
    uint64_t head; /* what it begins with */
    const struct kad_peer **out;
    size_t n, max, nowhere; /* of them */
};

static bool too_many_nowhere(const struct nearest *f)
{
    return f->nowhere > (f->max + 1) / 2;
}

/* The farthest of a group; n: there is none. */
static size_t farthest_of(const struct nearest *f, kad_group group)
{
    size_t i = f->n;
    while (i > 0 && f->out[i - 1]->group != group)
        i--;
    return i > 0 ? i - 1 : f->n;
}

static bool is_nearer(const struct nearest *f, const struct kad_peer *p, size_t than)
{
    return kad_id_nearer(f->target, &p->id, &f->out[than]->id) < 0;
}

/* Whether p belongs to them; whose place it takes then, n: a free one. Of a group that has its
 * share it is one of that group's own, and where too many are nowhere one of those. */
static bool takes_place(const struct nearest *f, const struct kad_peer *p, size_t *of)
{
    size_t same = 0;
    for (size_t i = 0; p->group != KAD_NOWHERE && i < f->n; i++)
        same += f->out[i]->group == p->group;
    *of = f->n;
    if (same >= KAD_GROUP_MAX) {
        *of = farthest_of(f, p->group);
    } else if (f->n < f->max) {
        return true;
    } else if (too_many_nowhere(f) && p->group != KAD_NOWHERE) {
        *of = farthest_of(f, KAD_NOWHERE);
        return true;
    } else if (p->group == KAD_NOWHERE && f->nowhere >= (f->max + 1) / 2) {
        *of = farthest_of(f, KAD_NOWHERE);
    } else {
        *of = f->max - 1;
    }
    return is_nearer(f, p, *of);
}

/* Puts p where it belongs, if it does. */
static void insert(struct nearest *f, const struct kad_peer *p)
{
    size_t of, at;
    if (!takes_place(f, p, &of))
        return;
    if (of < f->n) {
        f->nowhere -= f->out[of]->group == KAD_NOWHERE;
        memmove(&f->out[of], &f->out[of + 1], (f->n - of - 1) * sizeof(f->out[0]));
        f->n--;
    }
    for (at = f->n; at > 0 && is_nearer(f, p, at - 1); at--)
        f->out[at] = f->out[at - 1];
    f->out[at] = p;
    f->nowhere += p->group == KAD_NOWHERE;
    f->n++;
}

static void insert_bucket(const struct kad_table *t, unsigned i, struct nearest *f)
{
    const struct bucket *b = &t->buckets[i];
    for (size_t k = 0; k < b->n; k++)
        if (f->n < f->max || too_many_nowhere(f) ||
            (b->heads[k] ^ f->head) <= kad_id_distance(f->target, &f->out[f->max - 1]->id))
            insert(f, &b->peers[k]);
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
    struct nearest f = {.target = target, .head = head_of(target), .out = out, .max = max};
    if (max == 0)
        return 0;
    if (shared < t->depth)
        insert_bucket(t, shared, &f);
    if (f.n < max)
        for (unsigned i = shared + 1; i < t->depth; i++)
            insert_bucket(t, i, &f);
    for (unsigned i = shared < t->depth ? shared : t->depth; i > 0 && f.n < max; i--)
        insert_bucket(t, i - 1, &f);
    return f.n;
}

size_t kad_table_bucket(const struct kad_table *t, unsigned shared, const struct kad_peer **out)
{
    const struct bucket *b = shared < t->depth ? &t->buckets[shared] : NULL;
    for (size_t i = 0; b && i < b->n; i++)
        out[i] = &b->peers[i];
    return b ? b->n : 0;
}

/* ---- what keeps it true ---- */

bool kad_table_silent(const struct kad_table *t, uint64_t now, struct peer_id *out)
{
    const struct kad_peer *oldest = NULL;
    for (unsigned i = 0; i < t->depth; i++) {
        const struct kad_peer *p = t->buckets[i].n > 0 ? most_silent(&t->buckets[i]) : NULL;
        if (p && (!oldest || p->seen < oldest->seen))
            oldest = p;
    }
    if (!oldest || now < oldest->seen + KAD_OLD_MS)
        return false;
    *out = oldest->peer;
    return true;
}

/* The first of the buckets that hold no more than KAD_K together: those who are near to us. */
static unsigned first_near(const struct kad_table *t)
{
    unsigned i = t->depth;
    for (size_t n = 0; i > 0 && (n += t->buckets[i - 1].n) <= KAD_K;)
        i--;
    return i;
}

static void looked_near(struct kad_table *t, uint64_t now)
{
    for (unsigned i = first_near(t); i < t->depth; i++)
        t->buckets[i].due = now + KAD_REFRESH_MS;
}

static void set_key(struct kad_table_key *out, const void *bytes, size_t len)
{
    *out = (struct kad_table_key){.len = (uint8_t)len};
    memcpy(out->bytes, bytes, len);
}

static void key_in(const struct kad_table *t, unsigned shared, const struct rng *rng,
                   struct kad_table_key *out)
{
    const struct bucket *b = &t->buckets[shared];
    unsigned wanted = shared < KAD_REFRESH_DEEPEST ? shared : KAD_REFRESH_DEEPEST;
    uint8_t key[KAD_ID_SIZE];
    struct kad_id id;
    if (shared > KAD_REFRESH_DEEPEST && b->n > 0) {
        const struct peer_id *peer = &b->peers[rng_below(rng, (uint32_t)b->n)].peer;
        set_key(out, peer->bytes, peer->len);
        return;
    }
    do {
        rng->fill(rng->arg, key, KAD_ID_SIZE);
        kad_id_of(key, KAD_ID_SIZE, &id);
    } while (kad_id_shared(&t->self, &id) != wanted);
    set_key(out, key, sizeof(key));
}

/* Full, and all of it heard of since, so that nothing would be learned: it is due when that is so
 * no more. */
static bool is_fresh(struct bucket *b, uint64_t now)
{
    if (b->n < KAD_K || now >= most_silent(b)->seen + KAD_REFRESH_MS)
        return false;
    b->due = most_silent(b)->seen + KAD_REFRESH_MS;
    return true;
}

bool kad_table_refresh(struct kad_table *t, uint64_t now, const struct rng *rng,
                       struct kad_table_key *out)
{
    for (unsigned i = 0; i < t->depth; i++) {
        struct bucket *b = &t->buckets[i];
        if (b->room == 0 || now < b->due || is_fresh(b, now))
            continue;
        if (i >= first_near(t)) {
            looked_near(t, now);
            set_key(out, t->peer.bytes, t->peer.len);
            out->self = true;
        } else {
            b->due = now + KAD_REFRESH_MS;
            key_in(t, i, rng, out);
        }
        return true;
    }
    return false;
}

void kad_table_looked(struct kad_table *t, const struct kad_id *target, uint64_t now)
{
    unsigned shared = kad_id_shared(&t->self, target);
    if (shared == KAD_ID_BITS || shared >= first_near(t))
        looked_near(t, now);
    else if (shared < t->depth)
        t->buckets[shared].due = now + KAD_REFRESH_MS;
}

/* Soon at first; what is missing then others tell of. */
static const struct kad_table_turn turns[] = {{0, true, true},
                                              {2000, false, false},
                                              {4000, false, false},
                                              {8000, true, true},
                                              {16 * 1000, false, false},
                                              {128 * 1000, false, true},
                                              {1024 * 1000, false, true},
                                              {KAD_SELF_MAX_MS, true, true}};

enum { TURNS = sizeof(turns) / sizeof(turns[0]) };

struct kad_table_turn kad_table_turn(unsigned looked)
{
    return turns[looked < TURNS ? looked : TURNS - 1];
}
