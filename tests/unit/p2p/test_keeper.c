/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/keeper.h"

#include "tests/unit/p2p/world.h"

static struct keeper *keeper_of(struct node *n)
{
    struct keeper *k = NULL;
    const struct keeper_spec spec = {.loop = n->world->loop,
                                     .host = n->host,
                                     .rng = &n->world->rng,
                                     .pause_min_ms = 20,
                                     .pause_max_ms = 100};
    cr_assert_eq(keeper_new(&spec, &k), 0);
    return k;
}

struct seen {
    struct host_watch watch;
    unsigned up, down, wanted;
};

static void on_up(void *arg, const struct host_peer *peer)
{
    (void)peer;
    ((struct seen *)arg)->up++;
}

static void on_down(void *arg, const struct peer_id *peer)
{
    (void)peer;
    ((struct seen *)arg)->down++;
}

static bool is_up_again(void *arg)
{
    const struct seen *s = arg;
    return s->up == s->wanted;
}

BEAM_TEST(keeper, who_was_lost_is_dialled_again)
{
    struct world w;
    world_init(&w);
    struct node *alice = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct node *bob = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct multiaddr at = world_onion(bob);
    struct keeper *k = keeper_of(alice);
    struct seen seen = {.watch = {.up = on_up, .down = on_down, .arg = &seen}, .wanted = 1};
    host_watch(alice->host, &seen.watch);
    cr_assert_eq(keeper_add(k, &at), 0);
    cr_assert_eq(keeper_add(k, &at), 0, "once more is nothing new");
    cr_expect_eq(keeper_count(k), 1u);
    cr_assert(until(w.loop, is_up_again, &seen));
    cr_expect_eq(keeper_hurry(k), 0u);
    while (seen.wanted < 4) {
        cr_assert(world_peers(bob, 1));
        host_disconnect(bob->host, host_id(alice->host));
        seen.wanted++;
        cr_assert(until(w.loop, is_up_again, &seen));
    }
    cr_expect_eq(seen.down, 3u);
    host_unwatch(&seen.watch);
    keeper_free(k);
    world_clear(&w);
}

static bool has_dialled_thrice(void *arg)
{
    return ((struct node *)arg)->dials >= 3;
}

BEAM_TEST(keeper, who_is_away_is_asked_for_until_he_is_back)
{
    struct world w;
    world_init(&w);
    struct node *alice = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct node *bob = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct multiaddr at = world_onion(bob), bare;
    struct keeper *k = keeper_of(alice);
    multiaddr_without_peer(&at, &bare); /* who it is, the first connection tells */
    bob->no_tor = true;
    cr_assert_eq(keeper_add(k, &bare), 0);
    cr_assert(until(w.loop, has_dialled_thrice, alice));
    cr_expect_eq(host_peers(alice->host), 0u);
    bob->no_tor = false;
    cr_expect_eq(keeper_hurry(k), 1u);
    cr_assert(world_peers(alice, 1));
    keeper_free(k);
    world_clear(&w);
}

BEAM_TEST(keeper, ends_with_a_dial_under_way)
{
    struct world w;
    world_init(&w);
    struct node *alice = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct node *bob = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct multiaddr at = world_onion(bob);
    struct keeper *k = keeper_of(alice);
    cr_assert_eq(keeper_add(k, &at), 0);
    keeper_free(k);
    world_clear(&w);
}

static bool on_enough(void *arg)
{
    return *(const bool *)arg;
}

static bool is_alone(void *arg)
{
    return host_peers(((struct node *)arg)->host) == 0;
}

BEAM_TEST(keeper, whom_to_begin_with_is_dialled_until_there_is_enough)
{
    struct world w;
    bool enough = false;
    world_init(&w);
    struct node *alice = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct node *bob = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct multiaddr at = world_onion(bob);
    struct keeper *k = NULL;
    const struct keeper_spec spec = {.loop = w.loop,
                                     .host = alice->host,
                                     .rng = &w.rng,
                                     .pause_min_ms = 20,
                                     .pause_max_ms = 100,
                                     .enough = on_enough,
                                     .arg = &enough};
    cr_assert_eq(keeper_new(&spec, &k), 0);
    cr_assert_eq(keeper_add(k, &at), 0);
    cr_assert(world_peers(alice, 1));
    host_disconnect(alice->host, host_id(bob->host));
    cr_assert(world_peers(alice, 1), "lost, and there is not enough yet");
    size_t dials = alice->dials;
    enough = true;
    host_disconnect(alice->host, host_id(bob->host));
    cr_assert(until(w.loop, is_alone, bob));
    cr_expect_eq(keeper_hurry(k), 1u);
    cr_expect_eq(alice->dials, dials, "nobody is dialled now");
    keeper_free(k);
    world_clear(&w);
}
