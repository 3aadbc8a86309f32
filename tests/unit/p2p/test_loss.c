/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Loss of connections, from a seed: hosts that are to stay connected, and ping one another all the
 * while, over streams that are torn after random numbers of bytes, in handshakes and later. When
 * they are torn no more, all are connected again, and nothing is left over.
 */
#include <string.h>

#include "p2p/core.h"
#include "p2p/keeper.h"
#include "tests/unit/p2p/world.h"

enum { HOSTS = 6, PINGS = 400, PINGS_AT_ONCE = 12, TORN_BELOW = 6000, WHOLE_MS = 20000 };

struct sim {
    struct world w;
    struct keeper *keepers[HOSTS];
    struct multiaddr addrs[HOSTS];
    struct ping *pings[PINGS_AT_ONCE];
    size_t asked, answered, failed;
    struct slot {
        struct sim *sim;
        size_t i;
    } slots[PINGS_AT_ONCE];
};

static void ask(struct sim *s, size_t slot);

static void on_ping(void *arg, int err, const struct beam_why *why, uint64_t us,
                    const struct host_peer *peer)
{
    struct slot *slot = arg;
    struct sim *s = slot->sim;
    (void)us;
    (void)peer;
    s->answered++;
    s->failed += err < 0;
    BEAM_CHECK(err == 0 || why->text[0]);
    if (err == 0)
        ping_stop(s->pings[slot->i]);
    s->pings[slot->i] = NULL;
    if (s->asked < PINGS)
        ask(s, slot->i);
}

static void ask(struct sim *s, size_t slot)
{
    size_t from = seed_below(&s->w.seed, HOSTS), to = seed_below(&s->w.seed, HOSTS - 1);
    to += to >= from;
    const struct connect_spec spec = {.addrs = &s->addrs[to], .n = 1, .origin = PERMIT_LEARNED};
    s->asked++;
    BEAM_CHECK(
        ping_start(s->w.nodes[from].host, &spec, on_ping, &s->slots[slot], &s->pings[slot]) == 0);
}

static bool all_answered(void *arg)
{
    const struct sim *s = arg;
    return s->answered == PINGS;
}

/* Each has the two that it is to keep, and the two that keep it. */
static bool healed(void *arg)
{
    struct sim *s = arg;
    for (size_t i = 0; i < HOSTS; i++) {
        struct host_peer peer;
        for (size_t step = 1; step <= 2; step++)
            if (!host_find(s->w.nodes[i].host, host_id(s->w.nodes[(i + step) % HOSTS].host), &peer))
                return false;
    }
    return true;
}

static bool at_rest(void *arg)
{
    struct sim *s = arg;
    for (size_t i = 0; i < HOSTS; i++) {
        const struct host *h = s->w.nodes[i].host;
        if (h->connects || h->opens || h->pings || h->identifies || h->arrivals || h->dials > 0 ||
            census_half_open(h->pool.census) > 0 || pool_streams(&h->pool) > 0)
            return false;
    }
    return true;
}

static void begin(struct sim *s)
{
    const struct limits limits = {.handshake_ms = 1000};
    world_init(&s->w);
    for (size_t i = 0; i < HOSTS; i++) {
        struct node *n = world_add(&s->w, HOST_ANONYMOUS, POLICY_EGRESS_TOR, &limits);
        s->addrs[i] = world_onion(n);
    }
    for (size_t i = 0; i < HOSTS; i++) {
        const struct keeper_spec spec = {.loop = s->w.loop,
                                         .host = s->w.nodes[i].host,
                                         .rng = &s->w.rng,
                                         .pause_min_ms = 5,
                                         .pause_max_ms = 50};
        cr_assert_eq(keeper_new(&spec, &s->keepers[i]), 0);
        for (size_t step = 1; step <= 2; step++)
            cr_assert_eq(keeper_add(s->keepers[i], &s->addrs[(i + step) % HOSTS]), 0);
    }
    for (size_t i = 0; i < PINGS_AT_ONCE; i++) {
        s->slots[i] = (struct slot){s, i};
        ask(s, i);
    }
}

BEAM_TEST(loss, the_pool_heals_and_nothing_is_left_over)
{
    static struct sim s;
    memset(&s, 0, sizeof(s));
    s.w.torn = 0;
    begin(&s);
    s.w.torn = TORN_BELOW;
    cr_assert(until(s.w.loop, all_answered, &s), "%zu of %d answered", s.answered, PINGS);
    cr_expect_gt(s.failed, 0u, "something was torn");
    cr_expect_lt(s.failed, s.answered, "and something was not");
    s.w.torn = 0;
    cr_assert(until(s.w.loop, healed, &s));
    cr_assert(until(s.w.loop, at_rest, &s));
    for (size_t i = 0; i < HOSTS; i++)
        keeper_free(s.keepers[i]);
    world_clear(&s.w);
}
