/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/address_book.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"

/* What an entry is worth: the best word for any of its addresses, or more. */
enum { KEPT = ADDRESS_PROVEN + 1, TYPED, RANKS };

struct entry {
    struct peer_id peer;
    unsigned rank;
    uint64_t kept;               /* until then; 0: it is not */
    struct entry *older, *newer; /* of its rank, by the last time it was asked for or named */
    size_t n;
    struct address_book_row *rows; /* n of them */
};

struct ranked {
    struct entry *oldest, *newest;
    size_t n;
};

struct address_book {
    struct map *peers;
    size_t ceiling;
    struct ranked ranks[RANKS];
};

int address_book_new(const struct rng *rng, size_t peers, struct address_book **out)
{
    struct address_book *b = calloc(1, sizeof(*b));
    if (!b)
        return BEAM_ENOMEM;
    b->ceiling = peers;
    int err = map_new(rng, peers, &b->peers);
    if (err < 0) {
        free(b);
        return err;
    }
    *out = b;
    return 0;
}

static void unlink_entry(struct address_book *b, struct entry *e)
{
    struct ranked *r = &b->ranks[e->rank];
    *(e->older ? &e->older->newer : &r->oldest) = e->newer;
    *(e->newer ? &e->newer->older : &r->newest) = e->older;
    r->n--;
}

static void link_newest(struct address_book *b, struct entry *e)
{
    struct ranked *r = &b->ranks[e->rank];
    e->older = r->newest;
    e->newer = NULL;
    *(r->newest ? &r->newest->newer : &r->oldest) = e;
    r->newest = e;
    r->n++;
}

static unsigned rank_of(const struct entry *e)
{
    unsigned rank = e->kept ? KEPT : ADDRESS_TOLD;
    for (size_t i = 0; i < e->n; i++) {
        unsigned row = e->rows[i].origin == PERMIT_TYPED ? TYPED : e->rows[i].word;
        if (row > rank)
            rank = row;
    }
    return rank;
}

/* After its rows changed. */
static void rank_again(struct address_book *b, struct entry *e)
{
    unsigned rank = rank_of(e);
    if (rank == e->rank)
        return;
    unlink_entry(b, e);
    e->rank = rank;
    link_newest(b, e);
}

static void forget(struct address_book *b, struct entry *e)
{
    (void)map_take(b->peers, e->peer.bytes, e->peer.len);
    unlink_entry(b, e);
    free(e->rows);
    free(e);
}

void address_book_free(struct address_book *b)
{
    if (!b)
        return;
    for (size_t i = 0; i < RANKS; i++)
        while (b->ranks[i].oldest)
            forget(b, b->ranks[i].oldest);
    map_free(b->peers);
    free(b);
}

/* The entry whose turn it is to go, if none that a user named is to; NULL: all are. Hearsay goes
 * first, but for a quarter of the book, without which nobody could be looked up, and those that
 * were reached last, for up to half of it. */
static struct entry *to_forget(const struct address_book *b, bool hearsay)
{
    static const enum address_word order[] = {ADDRESS_SAID, ADDRESS_SIGNED, ADDRESS_PROVEN,
                                              ADDRESS_TOLD};
    const struct ranked *r = b->ranks;
    if (r[ADDRESS_TOLD].oldest && r[ADDRESS_TOLD].n + hearsay > b->ceiling / 4)
        return r[ADDRESS_TOLD].oldest;
    if (r[ADDRESS_PROVEN].n > b->ceiling / 2)
        return r[ADDRESS_PROVEN].oldest;
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
        if (r[order[i]].oldest)
            return r[order[i]].oldest;
    return r[KEPT].oldest;
}

/* All are kept for the same time, more or less, and so the oldest end first. */
static void end_keeping(struct address_book *b, uint64_t now)
{
    struct entry *e;
    while ((e = b->ranks[KEPT].oldest) && e->kept <= now) {
        e->kept = 0;
        rank_again(b, e);
    }
}

/* Makes room for one more. */
static bool make_room(struct address_book *b, const struct address_book_row *row, uint64_t now)
{
    const struct ranked *told = &b->ranks[ADDRESS_TOLD];
    bool typed = row->origin == PERMIT_TYPED, hearsay = !typed && row->word == ADDRESS_TOLD;
    end_keeping(b, now);
    if (hearsay && told->n > 0 && told->n >= b->ceiling - b->ceiling / 2)
        forget(b, told->oldest);
    if (map_count(b->peers) < b->ceiling)
        return true;
    struct entry *e = to_forget(b, hearsay);
    if (!e && typed)
        e = b->ranks[TYPED].oldest;
    if (e)
        forget(b, e);
    return e != NULL;
}

static int find(struct address_book *b, const struct peer_id *peer,
                const struct address_book_row *row, uint64_t now, struct entry **out)
{
    struct entry *e = map_get(b->peers, peer->bytes, peer->len);
    int err = BEAM_ENOMEM;
    if (e) {
        *out = e;
        return 0;
    }
    if (!make_room(b, row, now))
        return BEAM_ELIMIT;
    e = calloc(1, sizeof(*e));
    if (!e)
        return err;
    e->peer = *peer;
    err = map_put(b->peers, peer->bytes, peer->len, e);
    if (err < 0) {
        free(e);
        return err;
    }
    link_newest(b, e);
    *out = e;
    return 0;
}

static void drop_row(struct entry *e, size_t i)
{
    memmove(&e->rows[i], &e->rows[i + 1], (e->n - i - 1) * sizeof(e->rows[0]));
    e->n--;
}

static void expire(struct entry *e, uint64_t now)
{
    for (size_t i = e->n; i-- > 0;)
        if (e->rows[i].expires <= now)
            drop_row(e, i);
}

/* Below zero when a is surer than b: what has failed comes last, the most often of all. */
static int compare(const struct address_book_row *a, const struct address_book_row *b)
{
    if (a->failures != b->failures)
        return a->failures < b->failures ? -1 : 1;
    if (a->word != b->word)
        return a->word > b->word ? -1 : 1;
    return a->expires == b->expires ? 0 : a->expires > b->expires ? -1 : 1;
}

/* The row that makes room for another one of that origin; n: none. */
static size_t weakest(const struct entry *e, enum permit_origin origin)
{
    size_t found = e->n;
    for (size_t i = 0; i < e->n; i++) {
        const struct address_book_row *r = &e->rows[i];
        bool typed = r->origin == PERMIT_TYPED;
        if (typed && origin != PERMIT_TYPED)
            continue;
        if (found == e->n || (!typed && e->rows[found].origin == PERMIT_TYPED) ||
            (typed == (e->rows[found].origin == PERMIT_TYPED) && compare(r, &e->rows[found]) > 0))
            found = i;
    }
    return found;
}

static struct address_book_row *row_of(const struct entry *e, const struct multiaddr *addr)
{
    for (size_t i = 0; i < e->n; i++)
        if (multiaddr_equal(&e->rows[i].addr, addr))
            return &e->rows[i];
    return NULL;
}

/* What is known of it, and now is said again. */
static void merge(struct address_book_row *old, const struct address_book_row *row)
{
    /* That it is on this link is known for as long as it is said there. */
    bool elsewhere = old->origin == PERMIT_NEARBY && row->origin == PERMIT_LEARNED;
    bool nearer = old->origin == PERMIT_LEARNED && row->origin == PERMIT_NEARBY;
    if (nearer || (row->expires > old->expires && !elsewhere))
        old->expires = row->expires;
    if (row->word > old->word)
        old->word = row->word;
    if (row->origin < old->origin)
        old->origin = row->origin;
    if (row->word == ADDRESS_PROVEN)
        old->failures = 0;
}

static int add_row(struct entry *e, const struct address_book_row *row)
{
    struct address_book_row *old = row_of(e, &row->addr);
    if (old) {
        merge(old, row);
        return 0;
    }
    if (e->n == ADDRESS_BOOK_PER_PEER) {
        size_t i = weakest(e, row->origin);
        if (i == e->n)
            return BEAM_ELIMIT;
        drop_row(e, i);
    }
    struct address_book_row *rows = realloc(e->rows, (e->n + 1) * sizeof(*rows));
    if (!rows)
        return BEAM_ENOMEM;
    e->rows = rows;
    e->rows[e->n++] = *row;
    return 0;
}

int address_book_add(struct address_book *b, const struct peer_id *peer,
                     const struct address_book_row *given, uint64_t now)
{
    struct address_book_row row = *given;
    struct peer_id named;
    struct entry *e;
    if (multiaddr_peer(&given->addr, &named) == 0 && !peer_id_equal(&named, peer))
        return BEAM_EINVAL;
    multiaddr_without_peer(&given->addr, &row.addr);
    row.failures = 0;
    if (row.addr.len == 0)
        return BEAM_EINVAL;
    int err = find(b, peer, &row, now, &e);
    if (err < 0)
        return err;
    expire(e, now);
    err = add_row(e, &row);
    if (e->n == 0)
        forget(b, e);
    else
        rank_again(b, e);
    return err;
}

void address_book_keep(struct address_book *b, const struct peer_id *peer, uint64_t until)
{
    struct entry *e = map_get(b->peers, peer->bytes, peer->len);
    if (!e || until < e->kept)
        return;
    unlink_entry(b, e);
    e->kept = until;
    e->rank = rank_of(e);
    link_newest(b, e);
}

void address_book_failed(struct address_book *b, const struct peer_id *peer,
                         const struct multiaddr *addr)
{
    struct entry *e = map_get(b->peers, peer->bytes, peer->len);
    struct multiaddr bare;
    multiaddr_without_peer(addr, &bare);
    struct address_book_row *row = e ? row_of(e, &bare) : NULL;
    if (!row || ++row->failures < ADDRESS_BOOK_FAILURES_MAX || row->origin == PERMIT_TYPED)
        return;
    drop_row(e, (size_t)(row - e->rows));
    if (e->n == 0)
        forget(b, e);
    else
        rank_again(b, e);
}

/* There are few of them. */
static void sort(struct address_book_row *rows, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct address_book_row moved = rows[i];
        size_t at = i;
        for (; at > 0 && compare(&moved, &rows[at - 1]) < 0; at--)
            rows[at] = rows[at - 1];
        rows[at] = moved;
    }
}

size_t address_book_get(struct address_book *b, const struct peer_id *peer, uint64_t now,
                        struct address_book_row *out)
{
    struct entry *e = map_get(b->peers, peer->bytes, peer->len);
    if (!e)
        return 0;
    expire(e, now);
    size_t n = e->n;
    if (n == 0) {
        forget(b, e);
        return 0;
    }
    rank_again(b, e);
    if (e->rank != KEPT) { /* those are in the order in which their time ends */
        unlink_entry(b, e);
        link_newest(b, e);
    }
    memcpy(out, e->rows, n * sizeof(out[0]));
    sort(out, n);
    return n;
}

size_t address_book_peers(const struct address_book *b)
{
    return map_count(b->peers);
}
