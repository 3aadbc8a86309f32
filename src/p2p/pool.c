/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/pool.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"

enum { TICK_MIN_MS = 50, TICK_MAX_MS = 5000, KEPT_MAX = 1024, TICKS_PER_IDLE = 4 };

static void on_tick(void *arg);

/* Often enough for the shortest of its times. */
static uint64_t tick_ms(const struct limits *l)
{
    uint64_t ms = (l->idle_ms < l->lifetime_ms ? l->idle_ms : l->lifetime_ms) / TICKS_PER_IDLE;
    if (ms < TICK_MIN_MS)
        return TICK_MIN_MS;
    return ms < TICK_MAX_MS ? ms : TICK_MAX_MS;
}

int pool_init(struct pool *p, struct loop *l, const struct rng *rng, const struct limits *limits,
              const struct peer_id *self, const struct pool_events *events)
{
    *p = (struct pool){.loop = l, .limits = limits, .self = *self, .events = *events};
    loop_timer_init(l, &p->tick, on_tick, p);
    int err = census_new(rng, limits, &p->census);
    if (err == 0)
        err = map_new(rng, limits->connections + KEPT_MAX, &p->peers);
    if (err < 0) {
        census_free(p->census);
        p->census = NULL;
    }
    return err;
}

/* ---- peers ---------------------------------------------------------------------------------- */

struct peer *pool_peer(const struct pool *p, const struct peer_id *id)
{
    return map_get(p->peers, id->bytes, id->len);
}

static int find_peer(struct pool *p, const struct peer_id *id, struct peer **out)
{
    struct peer *peer = pool_peer(p, id);
    if (peer) {
        *out = peer;
        return 0;
    }
    peer = calloc(1, sizeof(*peer));
    if (!peer)
        return BEAM_ENOMEM;
    peer->id = *id;
    int err = map_put(p->peers, id->bytes, id->len, peer);
    if (err < 0) {
        free(peer);
        return err;
    }
    *out = peer;
    return 0;
}

static void free_peer(struct peer *peer)
{
    free(peer->protocols);
    free(peer->record);
    free(peer);
}

static void drop_peer(struct pool *p, struct peer *peer)
{
    if (peer->conns || peer->kept > 0)
        return;
    (void)map_take(p->peers, peer->id.bytes, peer->id.len);
    free_peer(peer);
}

static bool is_stranger(const struct conn *c)
{
    return c->spec.inbound && c->owner->kept == 0;
}

/* After its peer began or ceased to be kept. */
static void recount(struct pool *p, struct peer *peer)
{
    for (struct conn *c = peer->conns; c; c = c->peer_next) {
        if (c->stranger == is_stranger(c))
            continue;
        c->stranger = !c->stranger;
        census_change(p->census, c->stranger);
    }
}

int pool_keep(struct pool *p, const struct peer_id *id, bool on)
{
    struct peer *peer;
    if (!on) {
        peer = pool_peer(p, id);
        if (!peer || peer->kept == 0)
            return 0;
        peer->kept--;
        recount(p, peer);
        drop_peer(p, peer);
        return 0;
    }
    int err = find_peer(p, id, &peer);
    if (err < 0)
        return err;
    peer->kept++;
    recount(p, peer);
    return 0;
}

int pool_lodge(struct pool *p, const struct peer_id *id, bool on)
{
    struct peer *peer = on ? NULL : pool_peer(p, id);
    if (!on && (!peer || peer->lodged == 0))
        return 0;
    if (peer)
        peer->lodged--;
    int err = pool_keep(p, id, on);
    if (on && err == 0)
        pool_peer(p, id)->lodged++;
    return err;
}

/* ---- which of several ----------------------------------------------------------------------- */

/* Whether the peer with the smaller id dialled it. */
static bool dialled_by_smaller(const struct pool *p, const struct conn *c)
{
    bool self_smaller = peer_id_compare(&p->self, &c->spec.peer) < 0;
    return self_smaller != c->spec.inbound;
}

/* `newer` came after `older`. */
static bool prefers_newer(const struct pool *p, const struct conn *newer, const struct conn *older)
{
    bool newer_relayed = newer->spec.way == WAY_CIRCUIT;
    if (older->leaving)
        return true;
    if (newer_relayed != (older->spec.way == WAY_CIRCUIT))
        return !newer_relayed;
    return newer->spec.inbound == older->spec.inbound || dialled_by_smaller(p, newer);
}

struct conn *pool_use(const struct peer *peer)
{
    struct conn *c = peer->conns;
    while (c && c->leaving)
        c = c->peer_next;
    return c;
}

/* Leaves one of the peer's connections for new streams, where there were two. What the older one is
 * worth is asked, for a peer that was away and is back has left a dead one. */
static void settle(const struct pool *p, struct conn *newest)
{
    for (struct conn *c = newest->peer_next; c; c = c->peer_next) {
        if (c->leaving || newest->owner->doubled > 0)
            continue;
        conn_probe(c);
        conn_leave(prefers_newer(p, newest, c) ? c : newest);
    }
}

int pool_double(struct pool *p, const struct peer_id *id, bool on)
{
    struct peer *peer = on ? NULL : pool_peer(p, id);
    if (!on && (!peer || peer->doubled == 0))
        return 0;
    if (peer && --peer->doubled == 0 && peer->conns)
        settle(p, peer->conns);
    int err = pool_lodge(p, id, on);
    if (on && err == 0)
        pool_peer(p, id)->doubled++;
    return err;
}

/* ---- coming and going ----------------------------------------------------------------------- */

/* The stranger that has been idle longest makes room. */
static bool evict(struct pool *p)
{
    struct conn *found = NULL;
    for (struct conn *c = p->oldest; c; c = c->next)
        if (c->stranger && c->idle_since != 0 && conn_streams(c) == 0 &&
            (!found || c->idle_since < found->idle_since))
            found = c;
    if (!found)
        return false;
    log_info("p2p", "an idle connection makes room for another one");
    pool_drop(p, found);
    return true;
}

static size_t count_conns(const struct peer *peer)
{
    size_t n = 0;
    for (const struct conn *c = peer->conns; c; c = c->peer_next)
        n++;
    return n;
}

static int admit(struct pool *p, struct conn *c, struct peer *peer, struct beam_why *why)
{
    const struct census_source *from = c->spec.inbound ? &c->spec.source : NULL;
    bool stranger = c->spec.inbound && peer->kept == 0;
    if (count_conns(peer) >= p->limits->per_peer)
        return beam_why(why, BEAM_ELIMIT, "the peer has %zu connections already",
                        p->limits->per_peer);
    peer->kept++; /* so that making room does not take the peer away */
    int err = census_enter(p->census, from, stranger, why);
    if (err == BEAM_ELIMIT && evict(p))
        err = census_enter(p->census, from, stranger, why);
    peer->kept--;
    if (err == 0)
        c->stranger = stranger;
    return err;
}

int pool_add(struct pool *p, struct conn *c, struct beam_why *why)
{
    struct peer *peer;
    if (peer_id_equal(&c->spec.peer, &p->self))
        return beam_why(why, BEAM_EPROTO, "it leads back to this host itself");
    int err = find_peer(p, &c->spec.peer, &peer);
    if (err < 0)
        return beam_why(why, err, "%s", beam_err_text(err));
    err = admit(p, c, peer, why);
    if (err < 0) {
        drop_peer(p, peer);
        return err;
    }
    p->connected += !peer->conns;
    c->owner = peer;
    c->serial = ++p->serial;
    c->peer_next = peer->conns;
    peer->conns = c;
    c->prev = p->newest;
    *(p->newest ? &p->newest->next : &p->oldest) = c;
    p->newest = c;
    settle(p, c);
    if (!loop_timer_pending(&p->tick))
        loop_timer_set(&p->tick, tick_ms(p->limits));
    return 0;
}

static void unlink_conn(struct pool *p, struct conn *c)
{
    struct conn **at = &c->owner->conns;
    while (*at != c)
        at = &(*at)->peer_next;
    *at = c->peer_next;
    *(c->prev ? &c->prev->next : &p->oldest) = c->next;
    *(c->next ? &c->next->prev : &p->newest) = c->prev;
}

void pool_drop(struct pool *p, struct conn *c)
{
    struct peer *peer = c->owner;
    struct peer_id id = peer->id;
    unlink_conn(p, c);
    census_leave(p->census, c->spec.inbound ? &c->spec.source : NULL, c->stranger);
    conn_free(c);
    if (peer->conns)
        return;
    peer->identified = false;
    p->connected--;
    drop_peer(p, peer);
    p->events.down(p->events.arg, &id);
}

struct conn *pool_by_serial(const struct pool *p, uint64_t serial)
{
    struct conn *c = p->newest;
    while (c && c->serial != serial)
        c = c->prev;
    return c;
}

size_t pool_streams(const struct pool *p)
{
    size_t n = 0;
    for (const struct conn *c = p->oldest; c; c = c->next)
        n += conn_streams(c);
    return n;
}

/* ---- time ----------------------------------------------------------------------------------- */

/* Whether its time is over: it carries nothing, and is surplus, old or no longer of use. */
static bool is_over(const struct pool *p, struct conn *c, uint64_t now)
{
    bool kept = c->owner->kept > 0;
    if (!kept && now - c->since >= p->limits->lifetime_ms)
        conn_leave(c);
    if (c->idle_since == 0 || conn_streams(c) > 0)
        return false;
    uint64_t idle = now - c->idle_since;
    if (c->leaving)
        return idle >= POOL_SURPLUS_MS || idle >= p->limits->idle_ms;
    return !kept && idle >= p->limits->idle_ms;
}

static struct conn *find_over(const struct pool *p, uint64_t now)
{
    struct conn *c = p->oldest;
    while (c && !is_over(p, c, now))
        c = c->next;
    return c;
}

static void on_tick(void *arg)
{
    struct pool *p = arg;
    uint64_t now = loop_now(p->loop);
    /* From the start each time: whoever hears of an end may end others. */
    for (struct conn *c = find_over(p, now); c; c = find_over(p, now))
        pool_drop(p, c);
    for (struct conn *c = p->oldest; c; c = c->next)
        conn_tick(c, now);
    if (p->oldest)
        loop_timer_set(&p->tick, tick_ms(p->limits));
}

void pool_clear(struct pool *p)
{
    loop_timer_clear(&p->tick);
    for (struct conn *c = p->oldest, *next; c; c = next) {
        next = c->next;
        conn_free(c);
    }
    if (p->peers) {
        size_t at = 0;
        for (struct peer *peer = map_next(p->peers, &at); peer; peer = map_next(p->peers, &at))
            free_peer(peer);
    }
    map_free(p->peers);
    census_free(p->census);
}
