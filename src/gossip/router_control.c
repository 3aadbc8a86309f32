/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/err.h"
#include "gossip/router_parts.h"

enum { BACKOFF_MAX_MS = 60 * 60 * 1000 /* that a peer may ask for */ };

/* NULL: we are not of it. */
static struct topic *joined_topic(const struct router *r, struct rpc_text name)
{
    struct topic *t = router_topic_of(r, name);
    return t && t->joined ? t : NULL;
}

/* ---- IHAVE and IWANT ------------------------------------------------------------------------ */

/* What is not seen yet of what a peer has, as much as it may still be asked for. */
static size_t unseen(struct router *r, const struct router_peer *p, struct rpc_text *out,
                     size_t max)
{
    size_t n = 0;
    const size_t left = r->spec.params.ids - p->asked;
    for (size_t i = 0; i < r->rpc.have_count; i++) {
        const struct rpc_have *h = &r->rpc.haves[i];
        if (!joined_topic(r, h->topic))
            continue;
        for (size_t k = h->first; k < h->first + h->n && n < max && n < left; k++)
            if (!seen_get(r->seen, r->rpc.had[k].at, r->rpc.had[k].len))
                out[n++] = r->rpc.had[k];
    }
    return n;
}

static void on_haves(struct router *r, struct router_peer *p)
{
    struct rpc_text ids[OUTBOX_IDS_MAX];
    const struct router_params *params = &r->spec.params;
    if (r->rpc.have_count == 0 || router_card_score(r, p) < params->gossip_threshold)
        return;
    p->haves += (unsigned)r->rpc.have_count;
    if (p->haves > params->haves) {
        router_excess(p);
        return;
    }
    size_t n = unseen(r, p, ids, OUTBOX_IDS_MAX);
    if (n == 0)
        return;
    p->asked += (unsigned)n;
    promises_add(&r->promises, &p->id, ids[rng_below(r->spec.rng, (uint32_t)n)],
                 r->now + params->follow_ms);
    router_tell_want(r, p, ids, n);
}

static void on_wants(struct router *r, struct router_peer *p)
{
    const struct router_params *params = &r->spec.params;
    if (r->rpc.want_count == 0 || router_card_score(r, p) < params->gossip_threshold)
        return;
    for (size_t i = 0; i < r->rpc.want_count; i++) {
        if (p->wanted == params->ids || p->answered >= params->answer_bytes) {
            router_excess(p);
            return;
        }
        p->wanted++;
        const struct rpc_text *id = &r->rpc.wanted[i];
        struct post *post;
        int err =
            cache_give(r->cache, id->at, id->len, p->card->serial, params->retransmissions, &post);
        if (err == BEAM_ELIMIT)
            router_excess(p);
        if (err < 0)
            continue;
        p->answered += post->view.len;
        router_tell_post(r, p, post);
    }
}

/* ---- GRAFT and PRUNE ------------------------------------------------------------------------ */

static void refuse(struct router *r, struct router_peer *p, struct topic *t, bool exchange)
{
    router_prune(r, p, t, r->spec.params.prune_backoff_ms);
    router_tell_prune(r, p, t, r->spec.params.prune_backoff_ms, exchange);
}

/* Too early: it was told when it might come again. */
static void refuse_early(struct router *r, struct router_peer *p, struct topic *t,
                         const struct backoff_row *row)
{
    bool flood = r->now - row->since < r->spec.params.graft_flood_ms;
    router_fault(p, flood ? 2 : 1);
    refuse(r, p, t, false);
}

static void on_graft(struct router *r, struct router_peer *p, struct rpc_text name)
{
    struct crowd mesh;
    struct topic *t = joined_topic(r, name);
    struct sub *s = t ? router_subscribe(r, p, t) : NULL;
    if (!s) /* of a topic that is not ours nothing is said (v1.1, "Spam Protection Measures") */
        return;
    if (s->mesh) {
        if (p->regrafts++ > 0) /* once it may not know that it is */
            router_excess(p);
        return;
    }
    const struct backoff_row *row = backoffs_get(&r->backoffs, &p->id, t->number, r->now);
    if (row) {
        refuse_early(r, p, t, row);
        return;
    }
    router_mesh(r, t, &mesh);
    bool full = mesh.n >= r->spec.params.d_high && !p->outbound;
    if (p->kind == ROUTER_FLOODSUB || router_card_score(r, p) < 0)
        refuse(r, p, t, false);
    else if (full || mesh.n >= 2 * (size_t)r->spec.params.d_high)
        refuse(r, p, t, true);
    else
        router_graft(r, p, t);
}

static void exchange(struct router *r, const struct router_peer *p, const struct rpc_prune *prune)
{
    const struct router_events *e = &r->spec.events;
    if (!r->spec.params.exchange || !e->meet ||
        router_card_score(r, p) < r->spec.params.accept_px_threshold)
        return;
    for (size_t i = 0; i < prune->n && i < r->spec.params.px_peers; i++) {
        const struct rpc_peer *other = &r->rpc.peers[prune->first + i];
        struct peer_id id;
        if (peer_id_decode(other->id.at, other->id.len, &id, NULL) == 0 &&
            !peer_id_equal(&id, &r->spec.self))
            e->meet(e->arg, &id, other->record);
    }
}

static void on_prune(struct router *r, struct router_peer *p, const struct rpc_prune *prune)
{
    struct topic *t = joined_topic(r, prune->topic);
    uint64_t ms = r->spec.params.prune_backoff_ms;
    if (!t)
        return;
    if (prune->backoff_s > 0)
        ms = prune->backoff_s < BACKOFF_MAX_MS / 1000 ? prune->backoff_s * 1000 : BACKOFF_MAX_MS;
    router_prune(r, p, t, ms);
    exchange(r, p, prune);
}

void router_control(struct router *r, struct router_peer *p)
{
    on_haves(r, p);
    on_wants(r, p);
    for (size_t i = 0; i < r->rpc.prune_count; i++)
        on_prune(r, p, &r->rpc.prunes[i]);
    for (size_t i = 0; i < r->rpc.graft_count; i++)
        on_graft(r, p, r->rpc.grafts[i]);
}
