/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/crew_table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/map.h"

/* A peer at one mate. */
struct hold {
    TAILQ_ENTRY(hold) of_peer, of_mate;
    struct row *row;
    unsigned mate;
    struct multiaddr addr;
};

struct row {
    struct peer_id peer;
    TAILQ_HEAD(, hold) holds; /* the last first */
};

/* The holds of one mate. */
struct mate {
    struct mate *next;
    unsigned index;
    TAILQ_HEAD(, hold) holds;
};

struct crew_table {
    struct map *rows;
    struct mate *mates; /* there are few */
};

int crew_table_new(const struct rng *rng, size_t peers, struct crew_table **out)
{
    struct crew_table *t = calloc(1, sizeof(*t));
    if (!t)
        return BEAM_ENOMEM;
    int err = map_new(rng, peers, &t->rows);
    if (err < 0)
        free(t);
    else
        *out = t;
    return err;
}

static struct mate *mate_of(const struct crew_table *t, unsigned index)
{
    struct mate *m = t->mates;
    while (m && m->index != index)
        m = m->next;
    return m;
}

static struct mate *mate_add(struct crew_table *t, unsigned index)
{
    struct mate *m = mate_of(t, index);
    if (m || !(m = calloc(1, sizeof(*m))))
        return m;
    m->index = index;
    TAILQ_INIT(&m->holds);
    m->next = t->mates;
    t->mates = m;
    return m;
}

static struct row *row_of(const struct crew_table *t, const struct peer_id *peer)
{
    return map_get(t->rows, peer->bytes, peer->len);
}

static struct hold *hold_of(const struct row *row, unsigned mate)
{
    struct hold *h;
    TAILQ_FOREACH(h, &row->holds, of_peer)
    if (h->mate == mate)
        break;
    return h;
}

static int row_add(struct crew_table *t, const struct peer_id *peer, struct row **out)
{
    struct row *row = calloc(1, sizeof(*row));
    if (!row)
        return BEAM_ENOMEM;
    row->peer = *peer;
    TAILQ_INIT(&row->holds);
    int err = map_put(t->rows, peer->bytes, peer->len, row);
    if (err < 0)
        free(row);
    else
        *out = row;
    return err;
}

int crew_table_put(struct crew_table *t, unsigned mate, const struct peer_id *peer,
                   const struct multiaddr *addr)
{
    struct row *row = row_of(t, peer);
    struct hold *h = row ? hold_of(row, mate) : NULL;
    if (h) {
        h->addr = *addr;
        TAILQ_REMOVE(&row->holds, h, of_peer);
        TAILQ_INSERT_HEAD(&row->holds, h, of_peer);
        return 0;
    }
    struct mate *m = mate_add(t, mate);
    h = m ? calloc(1, sizeof(*h)) : NULL;
    if (!h)
        return BEAM_ENOMEM;
    int err = row ? 0 : row_add(t, peer, &row);
    if (err < 0) {
        free(h);
        return err;
    }
    *h = (struct hold){.row = row, .mate = mate, .addr = *addr};
    TAILQ_INSERT_HEAD(&row->holds, h, of_peer);
    TAILQ_INSERT_TAIL(&m->holds, h, of_mate);
    return 0;
}

bool crew_table_take(struct crew_table *t, unsigned mate, const struct peer_id *peer)
{
    struct row *row = row_of(t, peer);
    struct hold *h = row ? hold_of(row, mate) : NULL;
    if (!h)
        return false;
    TAILQ_REMOVE(&row->holds, h, of_peer);
    TAILQ_REMOVE(&mate_of(t, mate)->holds, h, of_mate);
    free(h);
    if (!TAILQ_EMPTY(&row->holds))
        return false;
    map_take(t->rows, row->peer.bytes, row->peer.len);
    free(row);
    return true;
}

bool crew_table_any(const struct crew_table *t, unsigned mate, struct peer_id *out)
{
    const struct mate *m = mate_of(t, mate);
    const struct hold *h = m ? TAILQ_FIRST(&m->holds) : NULL;
    if (h)
        *out = h->row->peer;
    return h != NULL;
}

bool crew_table_find(const struct crew_table *t, const struct peer_id *peer, struct crew_place *out)
{
    const struct row *row = row_of(t, peer);
    if (!row)
        return false;
    const struct hold *h = TAILQ_FIRST(&row->holds);
    *out = (struct crew_place){.mate = h->mate, .peer = &row->peer, .addr = &h->addr};
    return true;
}

size_t crew_table_count(const struct crew_table *t)
{
    return map_count(t->rows);
}

void crew_table_free(struct crew_table *t)
{
    struct mate *m;
    struct peer_id peer;
    if (!t)
        return;
    while ((m = t->mates) != NULL) {
        while (crew_table_any(t, m->index, &peer))
            (void)crew_table_take(t, m->index, &peer);
        t->mates = m->next;
        free(m);
    }
    map_free(t->rows);
    free(t);
}
