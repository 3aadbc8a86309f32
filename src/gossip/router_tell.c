/* SPDX-License-Identifier: BSD-3-Clause */
#include "gossip/router_parts.h"

#include "base/err.h"

enum {
    NAMED_MAX = 16,   /* peers in one PRUNE */
    RECORD_MAX = 1024 /* bytes of a peer's record that are passed on */
};

/* ---- sending -------------------------------------------------------------------------------- */

static void flush_peer(struct router *r, struct router_peer *p)
{
    size_t len = outbox_take(&p->box, r->out);
    if (len > 0)
        r->spec.events.send(r->spec.events.arg, p->user, r->out, len);
}

void router_flush(struct router *r)
{
    for (size_t i = 0; i < r->peer_count; i++)
        flush_peer(r, r->peers[i]);
}

/* What is lost for want of memory is made good by gossip, or by the next heartbeat. */
#define TELL(r, p, call)                                                                           \
    do {                                                                                           \
        if ((call) == BEAM_ELIMIT) {                                                               \
            flush_peer(r, p);                                                                      \
            (void)(call);                                                                          \
        }                                                                                          \
    } while (0)

void router_tell_post(struct router *r, struct router_peer *p, const struct post *post)
{
    TELL(r, p, outbox_post(&p->box, post));
}

void router_tell_sub(struct router *r, struct router_peer *p, const struct topic *t, bool on)
{
    TELL(r, p, outbox_subscribe(&p->box, router_text(t), on));
}

void router_tell_graft(struct router *r, struct router_peer *p, const struct topic *t)
{
    TELL(r, p, outbox_graft(&p->box, router_text(t)));
}

void router_tell_have(struct router *r, struct router_peer *p, const struct topic *t,
                      const struct rpc_text *ids, size_t n)
{
    TELL(r, p, outbox_have(&p->box, router_text(t), ids, n));
}

void router_tell_want(struct router *r, struct router_peer *p, const struct rpc_text *ids, size_t n)
{
    TELL(r, p, outbox_want(&p->box, ids, n));
}

/* ---- exchange ------------------------------------------------------------------------------- */

/* Others of the topic, of no bad name, for one that is sent away. */
static size_t others(const struct router *r, const struct router_peer *to, const struct topic *t,
                     struct rpc_peer *out, uint8_t (*records)[RECORD_MAX])
{
    const struct router_events *e = &r->spec.events;
    struct crowd all = {.n = 0};
    size_t n = 0;
    for (size_t i = 0; i < r->peer_count; i++)
        if (r->peers[i] != to && router_sub(r->peers[i], t) &&
            router_card_score(r, r->peers[i]) >= 0)
            all.list[all.n++] = r->peers[i];
    router_shuffle(r, &all);
    for (; n < all.n && n < r->spec.params.px_peers && n < NAMED_MAX; n++) {
        const struct peer_id *id = &all.list[n]->id;
        size_t len = e->record ? e->record(e->arg, id, records[n], RECORD_MAX) : 0;
        out[n] = (struct rpc_peer){.id = {.at = id->bytes, .len = id->len},
                                   .record = {.at = records[n], .len = len}};
    }
    return n;
}

void router_tell_prune(struct router *r, struct router_peer *p, const struct topic *t,
                       uint64_t backoff_ms, bool exchange)
{
    struct rpc_peer peers[NAMED_MAX];
    uint8_t records[NAMED_MAX][RECORD_MAX];
    uint64_t seconds = p->kind == ROUTER_MESHSUB_1_1 ? backoff_ms / 1000 : 0;
    size_t n = 0;
    if (exchange && r->spec.params.exchange && router_card_score(r, p) >= 0)
        n = others(r, p, t, peers, records);
    TELL(r, p, outbox_prune(&p->box, router_text(t), seconds, peers, n));
}

/* ---- the mesh ------------------------------------------------------------------------------- */

void router_graft(struct router *r, struct router_peer *p, struct topic *t)
{
    struct sub *s = router_sub(p, t);
    if (!s || s->mesh)
        return;
    s->mesh = true;
    score_grafted(p->card, t->scored, r->now);
}

void router_prune(struct router *r, struct router_peer *p, struct topic *t, uint64_t backoff_ms)
{
    struct sub *s = router_sub(p, t);
    if (s && s->mesh) {
        s->mesh = false;
        score_pruned(r->score, p->card, t->scored, r->now);
    }
    backoffs_add(&r->backoffs, &p->id, t->number, r->now, r->now + backoff_ms);
}

void router_shuffle(const struct router *r, struct crowd *c)
{
    for (size_t i = c->n; i > 1; i--) {
        size_t k = rng_below(r->spec.rng, (uint32_t)i);
        struct router_peer *p = c->list[i - 1];
        c->list[i - 1] = c->list[k];
        c->list[k] = p;
    }
}

void router_mesh(const struct router *r, const struct topic *t, struct crowd *out)
{
    out->n = 0;
    for (size_t i = 0; i < r->peer_count; i++) {
        const struct sub *s = router_sub(r->peers[i], t);
        if (s && s->mesh)
            out->list[out->n++] = r->peers[i];
    }
    router_shuffle(r, out);
}

void router_graftable(const struct router *r, const struct topic *t, struct crowd *out)
{
    out->n = 0;
    for (size_t i = 0; i < r->peer_count; i++) {
        struct router_peer *p = r->peers[i];
        const struct sub *s = router_sub(p, t);
        if (s && !s->mesh && p->kind != ROUTER_FLOODSUB && router_card_score(r, p) >= 0 &&
            !backoffs_get(&r->backoffs, &p->id, t->number, r->now))
            out->list[out->n++] = p;
    }
    router_shuffle(r, out);
}
