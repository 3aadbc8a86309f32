/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/guard.h"

#include <stdlib.h>

#include "base/err.h"

enum {
    SECOND_MS = 1000,
    MINUTE_MS = 60000,
    HOUR_MS = 3600000,
    VISITORS_BURST = 10,
    OWNERS_BURST = 2
};

struct guard {
    struct bans *bans;
    const struct denylists *lists; /* or NULL */
    struct guard_limits limits;
    struct quota *visitors; /* by source: how many there are, and what they ask */
    struct quota *tunnels;  /* by owner: what is asked of its tunnels */
    struct quota *keys;     /* by owner: what it asks */
    struct quota *sources;  /* by its source: what owners ask */
    struct quota *named;    /* by owner: the new names that it had */
    struct quota *namers;   /* by its source: the same */
    struct bucket all;
    struct bucket_rate all_rate;
};

int guard_new(const struct rng *rng, struct bans *bans, size_t sources, size_t keys,
              struct guard **out)
{
    struct guard *g = calloc(1, sizeof(*g));
    if (!g)
        return BEAM_ENOMEM;
    g->bans = bans;
    int err = quota_new(rng, sources, &g->visitors);
    if (err == 0)
        err = quota_new(rng, keys, &g->tunnels);
    if (err == 0)
        err = quota_new(rng, keys, &g->keys);
    if (err == 0)
        err = quota_new(rng, sources, &g->sources);
    if (err == 0)
        err = quota_new(rng, keys, &g->named);
    if (err == 0)
        err = quota_new(rng, sources, &g->namers);
    if (err < 0)
        guard_free(g);
    else
        *out = g;
    return err;
}

void guard_free(struct guard *g)
{
    if (!g)
        return;
    quota_free(g->visitors);
    quota_free(g->tunnels);
    quota_free(g->keys);
    quota_free(g->sources);
    quota_free(g->named);
    quota_free(g->namers);
    free(g);
}

void guard_subscribe(struct guard *g, const struct denylists *lists)
{
    g->lists = lists;
}

static void set_rate(struct quota *q, uint64_t tokens, uint64_t per_ms, uint64_t times)
{
    const struct bucket_rate rate = bucket_rate(tokens, per_ms, tokens * times);
    quota_rate(q, &rate);
}

void guard_limit(struct guard *g, const struct guard_limits *l)
{
    g->limits = *l;
    set_rate(g->visitors, l->source_requests, SECOND_MS, VISITORS_BURST);
    set_rate(g->tunnels, l->tunnel_requests, SECOND_MS, VISITORS_BURST);
    set_rate(g->keys, l->key_reservations, MINUTE_MS, OWNERS_BURST);
    set_rate(g->sources, l->source_reservations, MINUTE_MS, OWNERS_BURST);
    set_rate(g->named, l->key_names, HOUR_MS, 1);
    set_rate(g->namers, l->source_names, HOUR_MS, 1);
    g->all_rate = bucket_rate(l->reservations, MINUTE_MS, l->reservations);
}

bool guard_enter(struct guard *g, const struct net *from)
{
    struct net source;
    if (bans_net(g->bans, from))
        return false;
    return !net_source(from, &source) ||
           quota_enter(g->visitors, &source, sizeof(source), g->limits.source_visitors);
}

void guard_leave(struct guard *g, const struct net *from)
{
    struct net source;
    if (net_source(from, &source))
        quota_leave(g->visitors, &source, sizeof(source));
}

bool guard_request(struct guard *g, const struct net *from, const struct peer_id *owner,
                   uint64_t now_ms, uint64_t *wait_ms)
{
    struct net source;
    if (net_source(from, &source) &&
        !quota_take(g->visitors, &source, sizeof(source), now_ms, wait_ms))
        return false;
    return quota_take(g->tunnels, owner->bytes, owner->len, now_ms, wait_ms);
}

int guard_ask(struct guard *g, const struct peer_id *owner, const struct net *from, uint64_t now_ms,
              uint64_t *wait_ms)
{
    struct net source;
    if (guard_shuts_out(g, owner, from))
        return BEAM_EPERM;
    if (!quota_take(g->keys, owner->bytes, owner->len, now_ms, wait_ms))
        return BEAM_ELIMIT;
    if (net_source(from, &source) &&
        !quota_take(g->sources, &source, sizeof(source), now_ms, wait_ms))
        return BEAM_ELIMIT;
    if (bucket_take(&g->all, &g->all_rate, 1, now_ms))
        return 0;
    *wait_ms = bucket_wait(&g->all, &g->all_rate, 1, now_ms);
    return BEAM_ELIMIT;
}

uint64_t guard_name_wait(const struct guard *g, const struct peer_id *owner, const struct net *from,
                         uint64_t now_ms)
{
    struct net source;
    uint64_t key = quota_wait(g->named, owner->bytes, owner->len, now_ms);
    uint64_t there =
        net_source(from, &source) ? quota_wait(g->namers, &source, sizeof(source), now_ms) : 0;
    return key > there ? key : there;
}

void guard_named(struct guard *g, const struct peer_id *owner, const struct net *from,
                 uint64_t now_ms)
{
    struct net source;
    (void)quota_take(g->named, owner->bytes, owner->len, now_ms, NULL);
    if (net_source(from, &source))
        (void)quota_take(g->namers, &source, sizeof(source), now_ms, NULL);
}

unsigned guard_load(const struct guard *g, uint64_t now_ms)
{
    return bucket_used(&g->all, &g->all_rate, now_ms);
}

bool guard_bars(const struct guard *g, const uint8_t id[RESERVATION_ID_SIZE])
{
    return bans_endpoint(g->bans, id) || (g->lists && denylists_endpoint(g->lists, id));
}

bool guard_shuts_out(const struct guard *g, const struct peer_id *owner, const struct net *from)
{
    if (bans_net(g->bans, from))
        return true;
    return owner && (bans_key(g->bans, owner) || (g->lists && denylists_key(g->lists, owner)));
}
