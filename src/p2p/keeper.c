/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/keeper.h"

#include <stdlib.h>

#include "base/backoff.h"
#include "base/log.h"
#include "p2p/connect.h"

enum state { RESTING, DIALLING, CONNECTED };
enum ev { EV_DUE, EV_FAILED, EV_UP, EV_DOWN };

/* One of them. Which peer it is the address says, or the first connection. */
struct kept {
    struct keeper *keeper;
    struct multiaddr addr;
    bool named;
    struct peer_id peer;
    enum state state;
    unsigned failures;
    struct connect *connect;
    struct loop_timer pause;
};

struct keeper {
    struct keeper_spec spec;
    struct host_watch watch;
    struct kept *list[KEEPER_MAX];
    size_t n;
};

static void keeper_event(struct kept *p, enum ev ev);

/* Those that are only to begin with may be closed as any other. */
static int hold(const struct keeper *k, const struct peer_id *peer, bool on)
{
    return k->spec.enough ? 0 : host_keep(k->spec.host, peer, on);
}

static void on_connected(void *arg, int err, const struct beam_why *why,
                         const struct host_peer *peer)
{
    struct kept *p = arg;
    char text[MULTIADDR_TEXT_SIZE];
    p->connect = NULL;
    if (err < 0) {
        multiaddr_text(&p->addr, text);
        log_info("p2p", "%s is not reached: %s", log_scrub(text), log_scrub(why->text));
        keeper_event(p, EV_FAILED);
        return;
    }
    if (!p->named && hold(p->keeper, peer->id, true) == 0) {
        p->named = true;
        p->peer = *peer->id;
    }
    keeper_event(p, EV_UP);
}

static void dial(struct kept *p)
{
    const struct connect_spec spec = {
        .peer = p->named ? &p->peer : NULL, .addrs = &p->addr, .n = 1, .origin = PERMIT_TYPED};
    if (connect_start(p->keeper->spec.host, &spec, on_connected, p, &p->connect) < 0)
        keeper_event(p, EV_FAILED);
}

static bool is_enough(const struct keeper *k)
{
    return k->spec.enough && k->spec.enough(k->spec.arg);
}

/* Not all at once, when what they all had in common comes back. */
static uint64_t pause_of(const struct kept *p)
{
    const struct keeper_spec *spec = &p->keeper->spec;
    if (is_enough(p->keeper))
        return KEEPER_ENOUGH_MS;
    unsigned before = p->failures > 0 ? p->failures - 1 : 0;
    uint64_t ms = backoff_pause(before, spec->pause_min_ms, spec->pause_max_ms);
    return ms / 2 + rng_below(spec->rng, (uint32_t)(ms / 2 + 1));
}

static void keeper_enter(struct kept *p, enum state state)
{
    p->state = state;
    loop_timer_clear(&p->pause);
    switch (state) {
    case RESTING:
        loop_timer_set(&p->pause, pause_of(p));
        break;
    case DIALLING:
        dial(p);
        break;
    case CONNECTED:
        p->failures = 0;
        break;
    }
}

static void keeper_event(struct kept *p, enum ev ev)
{
    switch (p->state) {
    case RESTING:
        if (ev == EV_DUE)
            keeper_enter(p, is_enough(p->keeper) ? RESTING : DIALLING);
        else if (ev == EV_UP) /* the peer has dialled */
            keeper_enter(p, CONNECTED);
        break;
    case DIALLING:
        if (ev == EV_UP) {
            connect_cancel(p->connect); /* the answer would come yet, or the peer has dialled */
            p->connect = NULL;
            keeper_enter(p, CONNECTED);
        } else if (ev == EV_FAILED) {
            p->failures++;
            keeper_enter(p, RESTING);
        }
        break;
    case CONNECTED:
        if (ev == EV_DOWN)
            keeper_enter(p, RESTING);
        break;
    }
}

static void on_due(void *arg)
{
    keeper_event(arg, EV_DUE);
}

static void on_peer(struct keeper *k, const struct peer_id *id, enum ev ev)
{
    for (size_t i = 0; i < k->n; i++)
        if (k->list[i]->named && peer_id_equal(&k->list[i]->peer, id))
            keeper_event(k->list[i], ev);
}

static void on_up(void *arg, const struct host_peer *peer)
{
    on_peer(arg, peer->id, EV_UP);
}

static void on_down(void *arg, const struct peer_id *id)
{
    on_peer(arg, id, EV_DOWN);
}

int keeper_new(const struct keeper_spec *spec, struct keeper **out)
{
    struct keeper *k = calloc(1, sizeof(*k));
    if (!k)
        return BEAM_ENOMEM;
    k->spec = *spec;
    if (k->spec.pause_min_ms == 0)
        k->spec.pause_min_ms = KEEPER_PAUSE_MIN_MS;
    if (k->spec.pause_max_ms == 0)
        k->spec.pause_max_ms = KEEPER_PAUSE_MAX_MS;
    k->watch = (struct host_watch){.up = on_up, .down = on_down, .arg = k};
    host_watch(spec->host, &k->watch);
    *out = k;
    return 0;
}

static void kept_free(struct kept *p)
{
    loop_timer_clear(&p->pause);
    connect_cancel(p->connect);
    if (p->named)
        (void)hold(p->keeper, &p->peer, false);
    free(p);
}

void keeper_free(struct keeper *k)
{
    if (!k)
        return;
    host_unwatch(&k->watch);
    for (size_t i = 0; i < k->n; i++)
        kept_free(k->list[i]);
    free(k);
}

int keeper_add(struct keeper *k, const struct multiaddr *addr)
{
    for (size_t i = 0; i < k->n; i++)
        if (multiaddr_equal(&k->list[i]->addr, addr))
            return 0;
    if (k->n == KEEPER_MAX)
        return BEAM_ELIMIT;
    struct kept *p = calloc(1, sizeof(*p));
    if (!p)
        return BEAM_ENOMEM;
    *p = (struct kept){.keeper = k, .addr = *addr};
    loop_timer_init(k->spec.loop, &p->pause, on_due, p);
    if (multiaddr_peer(addr, &p->peer) == 0) {
        int err = hold(k, &p->peer, true);
        if (err < 0) {
            free(p);
            return err;
        }
        p->named = true;
    }
    k->list[k->n++] = p;
    keeper_enter(p, DIALLING);
    return 0;
}

size_t keeper_hurry(struct keeper *k)
{
    size_t n = 0;
    for (size_t i = 0; i < k->n; i++) {
        n += k->list[i]->state != CONNECTED;
        keeper_event(k->list[i], EV_DUE);
    }
    return n;
}

size_t keeper_count(const struct keeper *k)
{
    return k->n;
}
