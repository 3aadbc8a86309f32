/* SPDX-License-Identifier: BSD-3-Clause */
/* The heartbeat (gossipsub v1.0, "Heartbeat"; v1.1, "Heartbeat Maintenance"). */
#include <string.h>

#include "gossip/router_parts.h"

enum { DECAYS_MAX = 600 /* that are made good after a pause */ };

/* ---- what is due of the past ---------------------------------------------------------------- */

static void settle_accounts(struct router *r)
{
    struct peer_id by;
    const uint64_t step = r->spec.params.score.decay_ms;
    for (size_t i = 0; i < r->peer_count; i++) {
        struct router_peer *p = r->peers[i];
        p->posts = p->haves = p->asked = p->wanted = p->regrafts = 0;
        p->answered = 0;
        p->excess = false;
    }
    while (promises_broken(&r->promises, r->now, &by)) {
        struct score_card *card = score_find(r->score, &by);
        if (card)
            score_fault(card, 1);
    }
    if (r->decayed == 0 || r->now - r->decayed > DECAYS_MAX * step)
        r->decayed = r->now;
    for (; r->now - r->decayed >= step; r->decayed += step)
        score_decay(r->score, r->now);
    seen_expire(r->seen, r->now);
    backoffs_expire(&r->backoffs, r->now);
}

/* ---- the mesh ------------------------------------------------------------------------------- */

static void graft(struct router *r, struct router_peer *p, struct topic *t)
{
    router_graft(r, p, t);
    router_tell_graft(r, p, t);
}

static void prune(struct router *r, struct router_peer *p, struct topic *t, bool exchange)
{
    router_prune(r, p, t, r->spec.params.prune_backoff_ms);
    router_tell_prune(r, p, t, r->spec.params.prune_backoff_ms, exchange);
}

static void prune_bad(struct router *r, struct topic *t)
{
    struct crowd mesh;
    router_mesh(r, t, &mesh);
    for (size_t i = 0; i < mesh.n; i++)
        if (router_card_score(r, mesh.list[i]) < 0)
            prune(r, mesh.list[i], t, false);
}

static void graft_more(struct router *r, struct topic *t, size_t have)
{
    struct crowd some;
    router_graftable(r, t, &some);
    for (size_t i = 0; i < some.n && have + i < r->spec.params.d; i++)
        graft(r, some.list[i], t);
}

/* Best first; equal ones stay in the random order that they have. */
static void sort_by_score(const struct router *r, struct crowd *c)
{
    double scores[ROUTER_PEERS_MAX];
    for (size_t i = 0; i < c->n; i++) {
        struct router_peer *p = c->list[i];
        double score = router_card_score(r, p);
        size_t k = i;
        for (; k > 0 && scores[k - 1] < score; k--) {
            scores[k] = scores[k - 1];
            c->list[k] = c->list[k - 1];
        }
        scores[k] = score;
        c->list[k] = p;
    }
}

static size_t count_outbound(const struct crowd *c, size_t n)
{
    size_t out = 0;
    for (size_t i = 0; i < n; i++)
        out += c->list[i]->outbound;
    return out;
}

/* Of those beyond place n, outbound ones change places with inbound ones within, the last first. */
static void bring_outbound(struct crowd *c, size_t n, size_t wanted)
{
    size_t have = count_outbound(c, n), at = n;
    for (size_t k = n; k < c->n && have < wanted; k++) {
        if (!c->list[k]->outbound)
            continue;
        while (at > 0 && c->list[at - 1]->outbound)
            at--;
        if (at == 0)
            return;
        struct router_peer *p = c->list[k];
        c->list[k] = c->list[at - 1];
        c->list[at - 1] = p;
        have++;
    }
}

/* The best stay, then some at random, so that newcomers have a chance. */
static void prune_surplus(struct router *r, struct topic *t, struct crowd *mesh)
{
    const struct router_params *p = &r->spec.params;
    sort_by_score(r, mesh);
    struct crowd rest = {.n = mesh->n - p->d_score};
    memcpy(rest.list, mesh->list + p->d_score, rest.n * sizeof(rest.list[0]));
    router_shuffle(r, &rest);
    memcpy(mesh->list + p->d_score, rest.list, rest.n * sizeof(rest.list[0]));
    bring_outbound(mesh, p->d, p->d_out);
    for (size_t i = p->d; i < mesh->n; i++)
        prune(r, mesh->list[i], t, true);
}

static void graft_outbound(struct router *r, struct topic *t, size_t have)
{
    struct crowd some;
    router_graftable(r, t, &some);
    for (size_t i = 0; i < some.n && have < r->spec.params.d_out; i++) {
        if (!some.list[i]->outbound)
            continue;
        graft(r, some.list[i], t);
        have++;
    }
}

/* When half of the mesh is of little use, better ones are taken in. */
static void graft_better(struct router *r, struct topic *t, struct crowd *mesh)
{
    const struct router_params *p = &r->spec.params;
    struct crowd some;
    if (mesh->n < 2)
        return;
    sort_by_score(r, mesh);
    double median = router_card_score(r, mesh->list[mesh->n / 2]);
    if (median >= p->opportunistic_threshold)
        return;
    router_graftable(r, t, &some);
    for (size_t i = 0, n = 0; i < some.n && n < p->opportunistic_peers; i++) {
        if (router_card_score(r, some.list[i]) <= median)
            continue;
        graft(r, some.list[i], t);
        n++;
    }
}

static void maintain(struct router *r, struct topic *t)
{
    const struct router_params *p = &r->spec.params;
    struct crowd mesh;
    prune_bad(r, t);
    router_mesh(r, t, &mesh);
    if (mesh.n < p->d_low) {
        graft_more(r, t, mesh.n);
    } else if (mesh.n > p->d_high) {
        prune_surplus(r, t, &mesh);
    } else {
        size_t outbound = count_outbound(&mesh, mesh.n);
        if (outbound < p->d_out)
            graft_outbound(r, t, outbound);
    }
    if (p->opportunistic_beats > 0 && r->beats % p->opportunistic_beats == 0) {
        router_mesh(r, t, &mesh);
        graft_better(r, t, &mesh);
    }
}

/* ---- gossip --------------------------------------------------------------------------------- */

/* A part of those who are not in the mesh hears what we have. */
static void gossip(struct router *r, const struct topic *t)
{
    const struct router_params *p = &r->spec.params;
    struct rpc_text ids[OUTBOX_IDS_MAX];
    struct crowd some = {.n = 0};
    size_t n = cache_ids(r->cache, router_text(t), ids, OUTBOX_IDS_MAX);
    if (n == 0)
        return;
    for (size_t i = 0; i < r->peer_count; i++) {
        struct router_peer *to = r->peers[i];
        const struct sub *s = router_sub(to, t);
        if (s && !s->mesh && to->kind != ROUTER_FLOODSUB &&
            router_card_score(r, to) >= p->gossip_threshold)
            some.list[some.n++] = to;
    }
    router_shuffle(r, &some);
    size_t share = (size_t)(p->gossip_factor * (double)some.n);
    size_t target = share > p->d_lazy ? share : p->d_lazy;
    for (size_t i = 0; i < some.n && i < target; i++)
        router_tell_have(r, some.list[i], t, ids, n);
}

void router_beat(struct router *r, uint64_t now)
{
    r->now = now;
    r->beats++;
    settle_accounts(r);
    for (size_t i = 0; i < r->topic_count; i++) {
        if (!r->topics[i]->joined)
            continue;
        maintain(r, r->topics[i]);
        gossip(r, r->topics[i]);
    }
    router_flush(r);
    cache_shift(r->cache);
}
