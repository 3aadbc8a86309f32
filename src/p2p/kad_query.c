/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/kad_query.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

enum state { NEW, ASKED, ANSWERED, FAILED };

enum { DEAD_MAX = 3 }; /* whoever told of so many, and of fewer who live, is doubted */

struct candidate {
    struct peer_id peer;
    struct kad_id id;
    uint8_t path, hops, state;
    uint16_t no;    /* its place in the order of asking, from 1 */
    uint16_t by[2]; /* who told of it first, and last, by `no`; 0 for a seed */
};

/* What became of those that one told of. */
struct record {
    unsigned answered, failed;
};

struct kad_query {
    struct kad_id target;
    struct peer_id self;
    struct kad_query_options options;
    size_t asked, flying, seeds, turn;
    size_t on_path[KAD_PATHS_MAX]; /* being asked */
    struct peer_id teller;         /* who told last, and its id: it tells of twenty in a row */
    struct kad_id teller_id;
    struct record records[KAD_CANDIDATES_MAX + 1]; /* by `no`: who was asked keeps its place */
    size_t n;
    struct candidate found[KAD_CANDIDATES_MAX]; /* nearest first */
};

int kad_query_new(const struct kad_id *target, const struct peer_id *self,
                  const struct kad_query_options *options, struct kad_query **out)
{
    if (options->k == 0 || options->alpha == 0 || options->paths == 0 ||
        options->paths > KAD_PATHS_MAX || options->k > KAD_CANDIDATES_MAX / 2)
        return BEAM_EINVAL;
    struct kad_query *q = malloc(sizeof(*q));
    if (!q)
        return BEAM_ENOMEM;
    memset(q, 0, offsetof(struct kad_query, found));
    q->target = *target;
    q->self = *self;
    q->options = *options;
    *out = q;
    return 0;
}

void kad_query_free(struct kad_query *q)
{
    free(q);
}

/* ---- who was heard of ---- */

static size_t place_of(const struct kad_query *q, const struct kad_id *id)
{
    size_t low = 0, high = q->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (kad_id_nearer(&q->target, &q->found[middle].id, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct candidate *find(struct kad_query *q, const struct peer_id *peer)
{
    if (!peer_id_equal(peer, &q->teller)) {
        q->teller = *peer;
        kad_id_of_peer(peer, &q->teller_id);
    }
    size_t at = place_of(q, &q->teller_id);
    if (at == q->n || !peer_id_equal(&q->found[at].peer, peer))
        return NULL;
    return &q->found[at];
}

/* The farthest of those who were not asked makes room. */
static bool make_room(struct kad_query *q, size_t at)
{
    if (q->n < KAD_CANDIDATES_MAX)
        return true;
    for (size_t i = q->n; i > at; i--) {
        if (q->found[i - 1].state != NEW)
            continue;
        memmove(&q->found[i - 1], &q->found[i], (q->n - i) * sizeof(q->found[0]));
        q->n--;
        return true;
    }
    return false;
}

static bool add(struct kad_query *q, const struct peer_id *peer, size_t path, unsigned hops,
                uint16_t by)
{
    struct candidate c = {.peer = *peer, .path = (uint8_t)path, .state = NEW, .by = {by, by}};
    if (peer_id_equal(peer, &q->self))
        return false;
    kad_id_of_peer(peer, &c.id);
    c.hops = (uint8_t)(hops > UINT8_MAX ? UINT8_MAX : hops);
    size_t at = place_of(q, &c.id);
    if (at < q->n && peer_id_equal(&q->found[at].peer, peer)) {
        if (q->found[at].state == NEW)
            q->found[at].by[1] = by;
        return false;
    }
    if (!make_room(q, at))
        return false;
    memmove(&q->found[at + 1], &q->found[at], (q->n - at) * sizeof(c));
    q->found[at] = c;
    q->n++;
    return true;
}

void kad_query_seed(struct kad_query *q, const struct peer_id *peer)
{
    if (add(q, peer, q->seeds % q->options.paths, 1, 0))
        q->seeds++;
}

bool kad_query_told(struct kad_query *q, const struct peer_id *by, const struct peer_id *peer)
{
    const struct candidate *teller = find(q, by);
    if (!teller || teller->state != ASKED)
        return false;
    return add(q, peer, teller->path, teller->hops + 1u, teller->no);
}

/* ---- who is asked ---- */

static bool tells_of_the_dead(const struct kad_query *q, uint16_t no)
{
    const struct record *r = &q->records[no];
    return no != 0 && r->failed >= DEAD_MAX && r->failed > r->answered;
}

/* Nobody is believed who told of it. */
static bool is_doubted(const struct kad_query *q, const struct candidate *c)
{
    return c->state == NEW && tells_of_the_dead(q, c->by[0]) && tells_of_the_dead(q, c->by[1]);
}

/*
 * The nearest of a path that is worth asking: one of the k nearest of all that have not failed, one
 * of the path's own share of them, or one in the region.
 */
static struct candidate *nearest_of(struct kad_query *q, size_t path, bool doubted)
{
    size_t share = (q->options.k + q->options.paths - 1) / q->options.paths;
    size_t rank = 0, own = 0;
    for (size_t i = 0; i < q->n; i++) {
        struct candidate *c = &q->found[i];
        if (c->state == FAILED || (!doubted && is_doubted(q, c)))
            continue;
        bool near = rank < q->options.k || kad_id_distance(&q->target, &c->id) < q->options.region;
        if (!near && own >= share)
            return NULL;
        if (c->path == path && c->state == NEW)
            return c;
        rank++;
        own += c->path == path;
    }
    return NULL;
}

/* Who is doubted comes last, and may not take more than half of all questions. */
static struct candidate *wanted(struct kad_query *q, size_t path)
{
    struct candidate *c = nearest_of(q, path, false);
    return c || q->asked >= q->options.ask_max / 2 ? c : nearest_of(q, path, true);
}

static bool may_ask(const struct kad_query *q, size_t path)
{
    size_t each = (q->options.alpha + q->options.paths - 1) / q->options.paths;
    return q->flying < q->options.alpha && q->on_path[path] < each && q->asked < q->options.ask_max;
}

bool kad_query_next(struct kad_query *q, struct peer_id *out)
{
    for (size_t i = 0; i < q->options.paths; i++) {
        size_t path = (q->turn + i) % q->options.paths;
        struct candidate *c = may_ask(q, path) ? wanted(q, path) : NULL;
        if (!c)
            continue;
        c->state = ASKED;
        c->no = (uint16_t)++q->asked;
        q->flying++;
        q->on_path[path]++;
        q->turn = path + 1;
        *out = c->peer;
        return true;
    }
    return false;
}

static void settle(struct kad_query *q, const struct peer_id *peer, enum state state)
{
    struct candidate *c = find(q, peer);
    if (!c || c->state != ASKED)
        return;
    c->state = (uint8_t)state;
    for (size_t i = 0; i < 2 && (i == 0 || c->by[1] != c->by[0]); i++) {
        q->records[c->by[i]].failed += state == FAILED;
        q->records[c->by[i]].answered += state == ANSWERED;
    }
    q->flying--;
    q->on_path[c->path]--;
}

void kad_query_answered(struct kad_query *q, const struct peer_id *peer)
{
    settle(q, peer, ANSWERED);
}

void kad_query_failed(struct kad_query *q, const struct peer_id *peer)
{
    settle(q, peer, FAILED);
}

bool kad_query_done(const struct kad_query *q)
{
    if (q->flying > 0)
        return false;
    for (size_t path = 0; path < q->options.paths; path++)
        if (may_ask(q, path) && wanted((struct kad_query *)q, path))
            return false;
    return true;
}

/* ---- what came of it ---- */

size_t kad_query_nearest(const struct kad_query *q, struct kad_query_found *out, size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < q->n && n < max; i++) {
        const struct candidate *c = &q->found[i];
        if (c->state == ANSWERED)
            out[n++] = (struct kad_query_found){.peer = c->peer, .id = c->id, .hops = c->hops};
    }
    return n;
}

void kad_query_figures(const struct kad_query *q, struct kad_query_figures *out)
{
    struct kad_query_figures f = {.asked = q->asked, .exhausted = q->asked >= q->options.ask_max};
    for (size_t i = 0; i < q->n; i++) {
        const struct candidate *c = &q->found[i];
        bool near = kad_id_distance(&q->target, &c->id) < q->options.region;
        f.failed += c->state == FAILED;
        f.dead += (c->state == FAILED || is_doubted(q, c)) && (near || q->options.region == 0);
        if (c->state != ANSWERED)
            continue;
        if (f.answered++ == 0)
            f.hops = c->hops;
        f.region += near;
    }
    *out = f;
}

bool kad_query_crowded(const struct kad_query *q)
{
    struct kad_query_figures f;
    kad_query_figures(q, &f);
    return 4 * (f.region + f.dead) > 7 * q->options.k;
}
