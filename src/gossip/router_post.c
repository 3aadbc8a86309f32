/* SPDX-License-Identifier: BSD-3-Clause */
#include "gossip/router_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

/* ---- the verdict ---------------------------------------------------------------------------- */

static struct rpc_text topic_name(const struct post_view *v)
{
    return (struct rpc_text){.at = v->topic, .len = v->topic_len};
}

/* To the mesh, and to those who know no mesh; not back to where it came from. */
static void forward(struct router *r, const struct post *p, const struct topic *t,
                    const struct peer_id *from)
{
    for (size_t i = 0; i < r->peer_count; i++) {
        struct router_peer *to = r->peers[i];
        const struct sub *s = router_sub(to, t);
        if (!s || peer_id_equal(&to->id, from) || peer_id_equal(&to->id, &p->view.from))
            continue;
        if (s->mesh || (to->kind == ROUTER_FLOODSUB &&
                        router_card_score(r, to) >= r->spec.params.publish_threshold))
            router_tell_post(r, to, p);
    }
}

static void settle(struct router *r, struct post *p, const struct topic *t,
                   const struct peer_id *from, enum router_verdict verdict)
{
    static const enum seen_state states[] = {
        [ROUTER_ACCEPT] = SEEN_GOOD, [ROUTER_REJECT] = SEEN_BAD, [ROUTER_IGNORE] = SEEN_IGNORED};
    struct seen_entry *e = seen_get(r->seen, p->id.bytes, p->id.len);
    struct score_card *card = score_find(r->score, from);
    if (e && verdict == ROUTER_DECLINE) {
        seen_forget(r->seen, e);
    } else if (e) {
        e->state = states[verdict];
        e->judged = r->now;
    }
    if (verdict == ROUTER_REJECT && card)
        score_invalid(card, t->scored);
    if (verdict != ROUTER_ACCEPT)
        return;
    if (card)
        score_first(r->score, card, t->scored);
    (void)cache_put(r->cache, p);
    forward(r, p, t, from);
    if (t->spec.heard)
        t->spec.heard(t->spec.arg, p);
}

/* ---- messages that come --------------------------------------------------------------------- */

static void on_again(struct router *r, struct router_peer *p, const struct topic *t,
                     const struct seen_entry *e)
{
    switch (e->state) {
    case SEEN_GOOD:
        score_again(r->score, p->card, t->scored, r->now - e->judged);
        break;
    case SEEN_BAD:
        score_invalid(p->card, t->scored);
        break;
    case SEEN_IGNORED:
        break;
    }
}

static int verify(const struct router *r, const struct post_view *v)
{
    const struct router_events *e = &r->spec.events;
    return e->verify ? e->verify(e->arg, v) : post_verify(v);
}

static void judge(struct router *r, struct post *p, const struct topic *t,
                  const struct peer_id *from)
{
    const struct router_topic *spec = &t->spec;
    settle(r, p, t, from, spec->judge ? spec->judge(spec->arg, p, from) : ROUTER_ACCEPT);
}

/* A message counts as seen only once its signature was found good: else anybody could keep
 * another's message away by sending one of the same number before it. */
static void on_post(struct router *r, struct router_peer *p, struct rpc_text bytes)
{
    struct post_view v;
    struct post_id id;
    struct seen_entry *e;
    struct post *post;
    if (post_read(bytes.at, bytes.len, &v) < 0) {
        router_fault(p, 1);
        return;
    }
    const struct topic *t = router_topic_of(r, topic_name(&v));
    if (!t || !t->joined || peer_id_equal(&v.from, &r->spec.self))
        return;
    post_id_of(&v, &id);
    e = seen_get(r->seen, id.bytes, id.len);
    if (e) {
        on_again(r, p, t, e);
        return;
    }
    int err = verify(r, &v);
    if (err == BEAM_EAUTH)
        score_invalid(p->card, t->scored);
    if (err < 0 || post_keep(&v, &post) < 0)
        return;
    promises_kept(&r->promises, id.bytes, id.len);
    if (seen_add(r->seen, &id, r->now, &e) == 0)
        judge(r, post, t, &p->id);
    post_drop(post);
}

void router_posts(struct router *r, struct router_peer *p)
{
    for (size_t i = 0; i < r->rpc.post_count; i++) {
        if (p->posts == r->spec.params.posts) {
            router_excess(p);
            return;
        }
        p->posts++;
        on_post(r, p, r->rpc.posts[i]);
        if (router_card_score(r, p) < r->spec.params.graylist_threshold)
            return;
    }
}

/* ---- our own -------------------------------------------------------------------------------- */

int router_publish(struct router *r, struct post *p, uint64_t now)
{
    struct seen_entry *e;
    const struct topic *t = router_topic_of(r, topic_name(&p->view));
    r->now = now;
    int err = seen_get(r->seen, p->id.bytes, p->id.len) ? 0 : seen_add(r->seen, &p->id, now, &e);
    if (err < 0)
        return err;
    e = seen_get(r->seen, p->id.bytes, p->id.len);
    e->state = SEEN_GOOD;
    e->judged = now;
    err = cache_put(r->cache, p);
    if (err < 0 || !t)
        return err;
    for (size_t i = 0; i < r->peer_count; i++)
        if (router_sub(r->peers[i], t) &&
            router_card_score(r, r->peers[i]) >= r->spec.params.publish_threshold)
            router_tell_post(r, r->peers[i], p);
    router_flush(r);
    return 0;
}
