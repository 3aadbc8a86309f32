/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/address_book.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"

struct entry {
    struct peer_id peer;
    struct entry *older, *newer; /* by the last time it was asked for or named */
    size_t n;
    struct address_book_row *rows; /* n of them */
};

struct address_book {
    struct map *peers;
    size_t ceiling;
    struct entry *oldest, *newest;
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
    *(e->older ? &e->older->newer : &b->oldest) = e->newer;
    *(e->newer ? &e->newer->older : &b->newest) = e->older;
}

static void link_newest(struct address_book *b, struct entry *e)
{
    e->older = b->newest;
    e->newer = NULL;
    *(b->newest ? &b->newest->newer : &b->oldest) = e;
    b->newest = e;
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
    while (b->oldest)
        forget(b, b->oldest);
    map_free(b->peers);
    free(b);
}

static bool is_typed(const struct entry *e)
{
    for (size_t i = 0; i < e->n; i++)
        if (e->rows[i].origin == PERMIT_TYPED)
            return true;
    return false;
}

/* Makes room for one that the network named, or that a user did. */
static bool make_room(struct address_book *b, enum permit_origin origin)
{
    if (map_count(b->peers) < b->ceiling)
        return true;
    struct entry *e = b->oldest;
    while (e && is_typed(e))
        e = e->newer;
    if (!e && origin == PERMIT_TYPED)
        e = b->oldest;
    if (e)
        forget(b, e);
    return e != NULL;
}

static int find(struct address_book *b, const struct peer_id *peer, enum permit_origin origin,
                struct entry **out)
{
    struct entry *e = map_get(b->peers, peer->bytes, peer->len);
    int err = BEAM_ENOMEM;
    if (e) {
        *out = e;
        return 0;
    }
    if (!make_room(b, origin))
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

/* The row that makes room for another one of that origin; n: none. */
static size_t weakest(const struct entry *e, enum permit_origin origin)
{
    size_t found = e->n;
    for (size_t i = 0; i < e->n; i++) {
        const struct address_book_row *r = &e->rows[i];
        if (r->origin == PERMIT_TYPED && origin != PERMIT_TYPED)
            continue;
        if (found == e->n || r->origin > e->rows[found].origin ||
            (r->origin == e->rows[found].origin && r->expires < e->rows[found].expires))
            found = i;
    }
    return found;
}

static int add_row(struct entry *e, const struct address_book_row *row)
{
    for (size_t i = 0; i < e->n; i++) {
        struct address_book_row *old = &e->rows[i];
        if (!multiaddr_equal(&old->addr, &row->addr))
            continue;
        if (row->expires > old->expires)
            old->expires = row->expires;
        if (row->origin == PERMIT_TYPED)
            old->origin = PERMIT_TYPED;
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
                     const struct multiaddr *addr, enum permit_origin origin, uint64_t expires,
                     uint64_t now)
{
    struct address_book_row row = {.origin = origin, .expires = expires};
    struct peer_id named;
    struct entry *e;
    if (multiaddr_peer(addr, &named) == 0 && !peer_id_equal(&named, peer))
        return BEAM_EINVAL;
    multiaddr_without_peer(addr, &row.addr);
    if (row.addr.len == 0)
        return BEAM_EINVAL;
    int err = find(b, peer, origin, &e);
    if (err < 0)
        return err;
    expire(e, now);
    err = add_row(e, &row);
    if (e->n == 0)
        forget(b, e);
    return err;
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
    unlink_entry(b, e);
    link_newest(b, e);
    memcpy(out, e->rows, n * sizeof(out[0]));
    return n;
}

size_t address_book_peers(const struct address_book *b)
{
    return map_count(b->peers);
}
