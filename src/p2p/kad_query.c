/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/kad_query.h"

#include <stdlib.h>

#include "base/err.h"
#include "p2p/kad_candidates.h"

enum {
    DEAD_MAX = 3, /* whoever told of so many, and of fewer who live, is doubted, */
    LIE_LEAST = 5 /* and of so many, and twice as many as live, is a liar */
};

/* What became of those that one told of. */
struct record {
    uint16_t answered, failed;
};

struct kad_query {
    struct peer_id self;
    struct kad_query_options options;
    size_t asked, flying, slow, answered, seeds, turn; /* flying: and not slow */
    size_t on_path[KAD_PATHS_MAX];                     /* being asked */
    struct record records[KAD_CANDIDATES_MAX + 1];     /* by `no`: who was asked keeps its place */
    struct kad_candidates found;
};

int kad_query_new(const struct kad_id *target, const struct peer_id *self,
                  const struct kad_query_options *options, struct kad_query **out)
{
    if (options->k == 0 || options->alpha == 0 || options->paths == 0 ||
        options->paths > KAD_PATHS_MAX || options->k > KAD_CANDIDATES_MAX / 2)
        return BEAM_EINVAL;
    struct kad_query *q = calloc(1, sizeof(*q));
    if (!q)
        return BEAM_ENOMEM;
    kad_candidates_init(&q->found, target);
    q->self = *self;
    q->options = *options;
    *out = q;
    return 0;
}

void kad_query_free(struct kad_query *q)
{
    if (q)
        kad_candidates_clear(&q->found);
    free(q);
}

/* ---- who was heard of ---- */

static bool add(struct kad_query *q, const struct peer_id *peer, size_t path, unsigned hops,
                uint16_t by)
{
    struct kad_candidate *c = kad_candidates_find(&q->found, peer);
    if (c && c->state == KAD_NEW)
        c->by[1] = by;
    if (c || peer_id_equal(peer, &q->self))
        return false;
    c = kad_candidates_add(&q->found, peer);
    if (!c)
        return false;
    c->path = (uint8_t)path;
    c->hops = (uint8_t)(hops > UINT8_MAX ? UINT8_MAX : hops);
    c->by[0] = c->by[1] = by;
    return true;
}

void kad_query_seed(struct kad_query *q, const struct peer_id *peer)
{
    if (add(q, peer, q->seeds % q->options.paths, 1, 0))
        q->seeds++;
}

static bool is_asked(const struct kad_candidate *c)
{
    return c->state == KAD_ASKED || c->state == KAD_SLOW;
}

bool kad_query_told(struct kad_query *q, const struct peer_id *by, const struct peer_id *peer)
{
    const struct kad_candidate *teller = kad_candidates_find(&q->found, by);
    if (!teller || !is_asked(teller))
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
static bool is_of_the_dead(const struct kad_query *q, const struct kad_candidate *c)
{
    return c->state == KAD_NEW && tells_of_the_dead(q, c->by[0]) && tells_of_the_dead(q, c->by[1]);
}

static bool is_silent(const struct kad_candidate *c)
{
    return c->state == KAD_FAILED || c->state == KAD_SLOW;
}

static bool is_doubted(const struct kad_query *q, const struct kad_candidate *c)
{
    return (c->state == KAD_NEW && c->suspect) || is_of_the_dead(q, c);
}

/*
 * The nearest of a path that is worth asking: one of the k nearest of all that have not failed, one
 * of the path's own share of them, or one in the region.
 */
static struct kad_candidate *nearest_of(struct kad_query *q, size_t path, bool doubted)
{
    size_t share = (q->options.k + q->options.paths - 1) / q->options.paths;
    size_t rank = 0, own = 0;
    for (size_t i = 0; i < q->found.n; i++) {
        struct kad_candidate *c = kad_candidates_at(&q->found, i);
        if (is_silent(c) || (!doubted && is_doubted(q, c)))
            continue;
        bool near = rank < q->options.k || c->distance < q->options.region;
        if (!near && own >= share)
            return NULL;
        if (c->path == path && c->state == KAD_NEW)
            return c;
        rank++;
        own += c->path == path;
    }
    return NULL;
}

/* Who is doubted comes last, and may not take more than half of all questions. */
static struct kad_candidate *wanted(struct kad_query *q, size_t path)
{
    struct kad_candidate *c = nearest_of(q, path, false);
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
        struct kad_candidate *c = may_ask(q, path) ? wanted(q, path) : NULL;
        if (!c)
            continue;
        c->state = KAD_ASKED;
        c->no = (uint16_t)++q->asked;
        q->flying++;
        q->on_path[path]++;
        q->turn = path + 1;
        *out = c->peer;
        return true;
    }
    return false;
}

static void settle(struct kad_query *q, const struct peer_id *peer, enum kad_candidate_state state)
{
    struct kad_candidate *c = kad_candidates_find(&q->found, peer);
    if (!c || !is_asked(c) || c->state == state)
        return;
    bool was_slow = c->state == KAD_SLOW;
    for (size_t i = 0; i < 2 && (i == 0 || c->by[1] != c->by[0]); i++) {
        struct record *r = &q->records[c->by[i]];
        r->failed = (uint16_t)(r->failed - was_slow);
        *(state == KAD_ANSWERED ? &r->answered : &r->failed) += 1;
    }
    if (was_slow) {
        q->slow--;
    } else {
        q->flying--;
        q->on_path[c->path]--;
    }
    q->slow += state == KAD_SLOW;
    q->answered += state == KAD_ANSWERED;
    c->state = (uint8_t)state;
}

void kad_query_doubt(struct kad_query *q, const struct peer_id *peer)
{
    struct kad_candidate *c = kad_candidates_find(&q->found, peer);
    if (c)
        c->suspect = true;
}

void kad_query_answered(struct kad_query *q, const struct peer_id *peer)
{
    settle(q, peer, KAD_ANSWERED);
}

void kad_query_failed(struct kad_query *q, const struct peer_id *peer)
{
    settle(q, peer, KAD_FAILED);
}

void kad_query_slow(struct kad_query *q, const struct peer_id *peer)
{
    settle(q, peer, KAD_SLOW);
}

bool kad_query_done(const struct kad_query *q)
{
    if (q->flying > 0 || q->slow > q->answered)
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
    for (size_t i = 0; i < q->found.n && n < max; i++) {
        const struct kad_candidate *c = kad_candidates_at(&q->found, i);
        if (c->state == KAD_ANSWERED)
            out[n++] = (struct kad_query_found){.peer = c->peer, .id = c->id, .hops = c->hops};
    }
    return n;
}

/* The last, in the order of asking, who answered. */
static uint16_t last_answered(const struct kad_query *q)
{
    uint16_t last = 0;
    for (size_t i = 0; i < q->found.n; i++) {
        const struct kad_candidate *c = kad_candidates_at(&q->found, i);
        if (c->state == KAD_ANSWERED && c->no > last)
            last = c->no;
    }
    return last;
}

/* Of those whom number `no` told of, and who were asked before `last`. */
static bool is_liar(const struct kad_query *q, uint16_t no, uint16_t last)
{
    unsigned failed = 0, answered = 0;
    for (size_t i = 0; i < q->found.n; i++) {
        const struct kad_candidate *c = kad_candidates_at(&q->found, i);
        if ((c->by[0] != no && c->by[1] != no) || c->no > last)
            continue;
        failed += is_silent(c);
        answered += c->state == KAD_ANSWERED;
    }
    return failed >= LIE_LEAST && failed > 2 * answered;
}

size_t kad_query_liars(const struct kad_query *q, struct peer_id *out, size_t max)
{
    size_t n = 0;
    uint16_t last = last_answered(q);
    for (size_t i = 0; i < q->found.n && n < max; i++) {
        const struct kad_candidate *c = kad_candidates_at(&q->found, i);
        if (c->no != 0 && q->records[c->no].failed >= LIE_LEAST && is_liar(q, c->no, last))
            out[n++] = c->peer;
    }
    return n;
}

void kad_query_figures(const struct kad_query *q, struct kad_query_figures *out)
{
    struct kad_query_figures f = {.asked = q->asked, .exhausted = q->asked >= q->options.ask_max};
    for (size_t i = 0; i < q->found.n; i++) {
        const struct kad_candidate *c = kad_candidates_at(&q->found, i);
        bool near = c->distance < q->options.region;
        f.failed += is_silent(c);
        f.dead += (is_silent(c) || is_of_the_dead(q, c)) && (near || q->options.region == 0);
        if (c->state != KAD_ANSWERED)
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
