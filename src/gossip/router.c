/* SPDX-License-Identifier: BSD-3-Clause */
#include "gossip/router.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "gossip/router_parts.h"

void router_params_default(struct router_params *p)
{
    *p = (struct router_params){.d = 6,
                                .d_low = 4,
                                .d_high = 12,
                                .d_score = 4,
                                .d_out = 2,
                                .d_lazy = 6,
                                .gossip_factor = 0.25,
                                .prune_backoff_ms = 60 * 1000,
                                .leave_backoff_ms = 10 * 1000,
                                .graft_flood_ms = 10 * 1000,
                                .follow_ms = 5 * 1000,
                                .seen_ms = 120 * 1000,
                                .windows = 5,
                                .told_windows = 3,
                                .retransmissions = 3,
                                .opportunistic_beats = 60,
                                .opportunistic_peers = 2,
                                .gossip_threshold = -10,
                                .publish_threshold = -20,
                                .graylist_threshold = -40,
                                .accept_px_threshold = 5,
                                .opportunistic_threshold = 1,
                                .px_peers = 16,
                                .posts = 200,
                                .haves = 10,
                                .ids = 1024,
                                .answer_bytes = 1024 * 1024,
                                .seen = 16384,
                                .cache_posts = 1024,
                                .cache_bytes = 4 * 1024 * 1024};
    score_params_default(&p->score);
}

int router_new(const struct router_spec *spec, struct router **out)
{
    struct router *r = calloc(1, sizeof(*r));
    if (!r)
        return BEAM_ENOMEM;
    r->spec = *spec;
    const struct router_params *p = &r->spec.params;
    const struct cache_spec cache = {.windows = p->windows,
                                     .told = p->told_windows,
                                     .posts = p->cache_posts,
                                     .bytes = p->cache_bytes};
    int err = score_new(spec->rng, &p->score, &r->score);
    if (err == 0)
        err = seen_new(spec->rng, p->seen, p->seen_ms, &r->seen);
    if (err == 0)
        err = cache_new(spec->rng, &cache, &r->cache);
    if (err < 0)
        router_free(r);
    else
        *out = r;
    return err;
}

static void peer_free(struct router_peer *p)
{
    outbox_clear(&p->box);
    free(p);
}

void router_free(struct router *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->peer_count; i++)
        peer_free(r->peers[i]);
    for (size_t i = 0; i < r->topic_count; i++)
        free(r->topics[i]);
    backoffs_clear(&r->backoffs);
    cache_free(r->cache);
    seen_free(r->seen);
    score_free(r->score);
    free(r);
}

/* ---- topics --------------------------------------------------------------------------------- */

struct rpc_text router_text(const struct topic *t)
{
    return (struct rpc_text){.at = (const uint8_t *)t->name, .len = t->len};
}

struct topic *router_topic_of(const struct router *r, struct rpc_text name)
{
    for (size_t i = 0; i < r->topic_count; i++) {
        struct topic *t = r->topics[i];
        if (t->len == name.len && memcmp(t->name, name.at, name.len) == 0)
            return t;
    }
    return NULL;
}

/* FNV-1a: a topic that is left and joined again is the same to a backoff. */
static uint32_t number_of(struct rpc_text name)
{
    uint32_t n = 2166136261u;
    for (size_t i = 0; i < name.len; i++)
        n = (n ^ name.at[i]) * 16777619u;
    return n;
}

static bool is_name(struct rpc_text name)
{
    return name.len > 0 && name.len <= POST_TOPIC_MAX && !memchr(name.at, '\0', name.len);
}

/* If there are fewer than `most`. */
static int new_topic(struct router *r, struct rpc_text name, size_t most, struct topic **out)
{
    if (!is_name(name))
        return BEAM_EINVAL;
    if (r->topic_count >= most)
        return BEAM_ELIMIT;
    struct topic *t = calloc(1, sizeof(*t));
    if (!t)
        return BEAM_ENOMEM;
    memcpy(t->name, name.at, name.len);
    t->len = name.len;
    t->number = number_of(name);
    t->scored = -1;
    r->topics[r->topic_count++] = t;
    *out = t;
    return 0;
}

/* One that nobody is of any more is forgotten; not one that counted once, whose number stays. */
static void tidy_topic(struct router *r, struct topic *t)
{
    if (t->joined || t->users > 0 || t->scored >= 0)
        return;
    for (size_t i = 0; i < r->topic_count; i++) {
        if (r->topics[i] != t)
            continue;
        r->topics[i] = r->topics[--r->topic_count];
        free(t);
        return;
    }
}

struct sub *router_sub(struct router_peer *p, const struct topic *t)
{
    for (size_t i = 0; i < p->sub_count; i++)
        if (p->subs[i].topic == t)
            return &p->subs[i];
    return NULL;
}

struct sub *router_subscribe(struct router *r, struct router_peer *p, struct topic *t)
{
    struct sub *s = router_sub(p, t);
    if (!s && p->sub_count < ROUTER_SUBS_MAX) {
        s = &p->subs[p->sub_count++];
        *s = (struct sub){.topic = t};
        t->users++;
    }
    if (!s)
        tidy_topic(r, t);
    return s;
}

static void unsubscribe(struct router *r, struct router_peer *p, struct sub *s)
{
    struct topic *t = s->topic;
    if (s->mesh)
        score_pruned(r->score, p->card, t->scored, r->now);
    *s = p->subs[--p->sub_count];
    t->users--;
    tidy_topic(r, t);
}

static void on_sub(struct router *r, struct router_peer *p, const struct rpc_sub *sub)
{
    const size_t theirs = ROUTER_TOPICS_MAX - ROUTER_TOPICS_OWN;
    struct topic *t = router_topic_of(r, sub->topic);
    struct sub *s = t ? router_sub(p, t) : NULL;
    if (!sub->on && s)
        unsubscribe(r, p, s);
    else if (sub->on && !s && (t || new_topic(r, sub->topic, theirs, &t) == 0))
        (void)router_subscribe(r, p, t);
}

/* ---- peers ---------------------------------------------------------------------------------- */

int router_enter(struct router *r, const struct peer_id *id, enum router_kind kind, bool outbound,
                 const struct score_place *place, void *user, uint64_t now,
                 struct router_peer **out)
{
    r->now = now;
    if (r->peer_count == ROUTER_PEERS_MAX)
        return BEAM_ELIMIT;
    struct router_peer *p = calloc(1, sizeof(*p));
    if (!p)
        return BEAM_ENOMEM;
    *p = (struct router_peer){.id = *id, .kind = kind, .outbound = outbound, .user = user};
    int err = score_enter(r->score, id, place, &p->card);
    if (err < 0) {
        free(p);
        return err;
    }
    r->peers[r->peer_count++] = p;
    *out = p;
    router_greet(r, p, now);
    return 0;
}

void router_greet(struct router *r, struct router_peer *p, uint64_t now)
{
    r->now = now;
    for (size_t i = 0; i < r->topic_count; i++)
        if (r->topics[i]->joined)
            router_tell_sub(r, p, r->topics[i], true);
    for (size_t i = 0; i < p->sub_count; i++)
        if (p->subs[i].mesh)
            router_tell_graft(r, p, p->subs[i].topic);
    router_flush(r);
}

void router_leave(struct router *r, struct router_peer *p, uint64_t now)
{
    r->now = now;
    while (p->sub_count > 0)
        unsubscribe(r, p, &p->subs[0]);
    score_leave(r->score, p->card, now);
    promises_forget(&r->promises, &p->id);
    for (size_t i = 0; i < r->peer_count; i++)
        if (r->peers[i] == p)
            r->peers[i] = r->peers[--r->peer_count];
    peer_free(p);
}

double router_card_score(const struct router *r, const struct router_peer *p)
{
    return score_of(r->score, p->card, r->now);
}

void router_fault(struct router_peer *p, double n)
{
    score_fault(p->card, n);
}

void router_excess(struct router_peer *p)
{
    if (!p->excess)
        router_fault(p, 1);
    p->excess = true;
}

int router_rpc(struct router *r, struct router_peer *p, const void *data, size_t len, uint64_t now)
{
    r->now = now;
    if (router_card_score(r, p) < r->spec.params.graylist_threshold)
        return 0;
    int err = rpc_decode(data, len, &r->rpc);
    if (err < 0) {
        router_fault(p, 1);
        return err;
    }
    if (r->rpc.left_out > 0)
        router_excess(p);
    for (size_t i = 0; i < r->rpc.sub_count; i++)
        on_sub(r, p, &r->rpc.subs[i]);
    router_posts(r, p);
    router_control(r, p);
    router_flush(r);
    return 0;
}

void router_think(struct router *r, const struct peer_id *id, double points)
{
    struct score_card *card = score_find(r->score, id);
    if (card)
        card->app = points;
}

void router_blame(struct router_peer *p)
{
    router_fault(p, 1);
}

/* ---- being of a topic ----------------------------------------------------------------------- */

static void fill_mesh(struct router *r, struct topic *t)
{
    struct crowd some;
    router_graftable(r, t, &some);
    for (size_t i = 0; i < some.n && i < r->spec.params.d; i++) {
        router_graft(r, some.list[i], t);
        router_tell_graft(r, some.list[i], t);
    }
}

int router_join(struct router *r, const struct router_topic *topic, uint64_t now)
{
    const struct rpc_text name = {.at = (const uint8_t *)topic->name, .len = strlen(topic->name)};
    struct topic *t = router_topic_of(r, name);
    r->now = now;
    if (t && t->joined)
        return BEAM_EEXIST;
    int err = t ? 0 : new_topic(r, name, ROUTER_TOPICS_MAX, &t);
    if (err < 0)
        return err;
    if (topic->score.weight != 0 && t->scored < 0) {
        int number = score_add_topic(r->score, &topic->score);
        if (number < 0) {
            tidy_topic(r, t);
            return number;
        }
        t->scored = number;
    }
    t->spec = *topic;
    t->spec.name = t->name;
    t->joined = true;
    for (size_t i = 0; i < r->peer_count; i++)
        router_tell_sub(r, r->peers[i], t, true);
    fill_mesh(r, t);
    router_flush(r);
    return 0;
}

void router_part(struct router *r, const char *topic, uint64_t now)
{
    const struct rpc_text name = {.at = (const uint8_t *)topic, .len = strlen(topic)};
    struct topic *t = router_topic_of(r, name);
    struct crowd mesh;
    r->now = now;
    if (!t || !t->joined)
        return;
    router_mesh(r, t, &mesh);
    for (size_t i = 0; i < mesh.n; i++) {
        router_prune(r, mesh.list[i], t, r->spec.params.leave_backoff_ms);
        router_tell_prune(r, mesh.list[i], t, r->spec.params.leave_backoff_ms, false);
    }
    for (size_t i = 0; i < r->peer_count; i++)
        router_tell_sub(r, r->peers[i], t, false);
    router_flush(r);
    t->joined = false;
    tidy_topic(r, t);
}

/* ---- what there is -------------------------------------------------------------------------- */

bool router_count(const struct router *r, const char *topic, struct router_count *out)
{
    const struct rpc_text name = {.at = (const uint8_t *)topic, .len = strlen(topic)};
    const struct topic *t = router_topic_of(r, name);
    struct crowd mesh;
    if (!t || !t->joined)
        return false;
    router_mesh(r, t, &mesh);
    *out = (struct router_count){.peers = t->users, .mesh = mesh.n};
    return true;
}

bool router_is_meshed(const struct router *r, struct router_peer *p, const char *topic)
{
    const struct rpc_text name = {.at = (const uint8_t *)topic, .len = strlen(topic)};
    const struct topic *t = router_topic_of(r, name);
    const struct sub *s = t ? router_sub(p, t) : NULL;
    return s && s->mesh;
}

const char *router_topic_name(const struct router *r, size_t i)
{
    for (size_t k = 0; k < r->topic_count; k++)
        if (r->topics[k]->joined && i-- == 0)
            return r->topics[k]->name;
    return NULL;
}

double router_score(const struct router *r, const struct router_peer *p, uint64_t now)
{
    return score_of(r->score, p->card, now);
}

bool router_shuns(const struct router *r, const struct peer_id *id, uint64_t now)
{
    const struct score_card *card = score_find(r->score, id);
    return card && score_of(r->score, card, now) < r->spec.params.graylist_threshold;
}

bool router_condemns(const struct router *r, const struct peer_id *id, uint64_t now)
{
    const struct score_card *card = score_find(r->score, id);
    return card && score_deeds(r->score, card, now) < r->spec.params.graylist_threshold;
}

size_t router_peers(const struct router *r)
{
    return r->peer_count;
}
