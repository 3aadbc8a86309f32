/* SPDX-License-Identifier: BSD-3-Clause */
#include "circuit/relayed.h"

#include "p2p/core.h"
#include "tests/unit/circuit/ring.h"

BEAM_TEST(relayed, two_that_cannot_reach_each_other_meet_at_a_relay)
{
    struct ring r;
    struct node *relay = NULL;
    struct host_peer seen;
    ring_init(&r);
    struct multiaddr at = ring_relay(&r, &relay);
    struct node *alice = ring_user(&r, HOST_OPEN, POLICY_EGRESS_ANY);
    struct node *bob = ring_user(&r, HOST_OPEN, POLICY_EGRESS_ANY);
    struct multiaddr to = ring_reserve(&r, alice, &at), bare, own;
    struct asked_of a = ring_ping(bob, &to);
    cr_assert_eq(a.err, 0, "%s", a.why.text);
    cr_expect_eq(a.peer.way, WAY_CIRCUIT);
    cr_expect(peer_id_equal(&a.id, host_id(alice->host)));
    multiaddr_without_peer(&to, &bare);
    cr_expect(multiaddr_equal(&a.addr, &bare));
    cr_assert(host_find(alice->host, host_id(bob->host), &seen));
    cr_expect(seen.inbound);
    cr_expect_eq(seen.way, WAY_CIRCUIT);
    cr_expect(multiaddr_equal(seen.addr, &bare));
    own = *host_addr(alice->host, 0);
    cr_expect(multiaddr_equal(&own, &bare), "it is announced");
    /* It is one connection among others: the other end opens streams too. */
    const struct connect_spec back = {.peer = host_id(bob->host)};
    struct asked_of b = {.done = false};
    struct ping *p = NULL;
    cr_assert_eq(ping_start(alice->host, &back, world_on_ping, &b, &p), 0);
    cr_assert(until_flag(r.world.loop, &b.done));
    cr_expect_eq(b.err, 0, "%s", b.why.text);
    ping_stop(p);
    cr_expect_eq(hop_circuits(r.hops[0]), 1u);
    ring_clear(&r);
}

static bool bob_knows(void *arg)
{
    const struct node *bob = arg;
    struct host_peer peer;
    const struct conn *at = NULL;
    while (host_next(bob->host, &at, &peer))
        if (peer.way == WAY_CIRCUIT && peer.agent[0])
            return true;
    return false;
}

static bool is_empty(void *arg)
{
    const struct node *n = arg;
    return host_peers(n->host) == 1;
}

/* What went by the dead relay is over for him, too: else he is given what is about to end. */
static bool bob_has_lost(void *arg)
{
    return !bob_knows(arg);
}

BEAM_TEST(relayed, when_a_relay_dies_another_one_is_used)
{
    struct ring r;
    struct node *relays[2] = {NULL};
    ring_init(&r);
    struct multiaddr at[2] = {ring_relay(&r, &relays[0]), ring_relay(&r, &relays[1])};
    struct node *alice = ring_user(&r, HOST_OPEN, POLICY_EGRESS_ANY);
    struct node *bob = ring_user(&r, HOST_OPEN, POLICY_EGRESS_ANY);
    struct multiaddr to[2] = {ring_reserve(&r, alice, &at[0]), ring_reserve(&r, alice, &at[1])};
    cr_expect_eq(relayed_held(ring_of(&r, alice)), 2u);
    struct asked_of a = world_connect(bob, host_id(alice->host), to, 2, PERMIT_TYPED);
    cr_assert_eq(a.err, 0, "%s", a.why.text);
    cr_assert(until(r.world.loop, bob_knows, bob));
    struct way_hop hop;
    cr_assert_eq(way_hop(&a.addr, &hop), 0);
    size_t used = peer_id_equal(&hop.relay, host_id(relays[1]->host));
    ring_kill(&r, relays[used]);
    cr_assert(until(r.world.loop, is_empty, alice), "only the other relay is left");
    cr_assert(until(r.world.loop, bob_has_lost, bob));
    a = world_connect(bob, host_id(alice->host), to, 2, PERMIT_TYPED);
    cr_assert_eq(a.err, 0, "%s", a.why.text);
    cr_assert_eq(way_hop(&a.addr, &hop), 0);
    cr_expect(peer_id_equal(&hop.relay, host_id(relays[!used]->host)));
    cr_expect_eq(relayed_held(ring_of(&r, alice)), 1u);
    cr_expect_null(host_addr(alice->host, 1), "what leads nowhere is not announced");
    ring_clear(&r);
}

BEAM_TEST(relayed, who_hides_reaches_its_relay_through_tor)
{
    struct ring r;
    struct node *relay = NULL;
    ring_init(&r);
    struct multiaddr near = ring_relay(&r, &relay), at = world_onion(relay), lan;
    struct node *alice = ring_user(&r, HOST_ANONYMOUS, POLICY_EGRESS_TOR);
    struct node *bob = ring_user(&r, HOST_ANONYMOUS, POLICY_EGRESS_TOR);
    struct multiaddr to = ring_reserve(&r, alice, &at);
    struct asked_of a = ring_ping(bob, &to);
    cr_assert_eq(a.err, 0, "%s", a.why.text);
    cr_expect_eq(a.peer.way, WAY_CIRCUIT);
    cr_expect_eq(alice->dials, 1u);
    cr_expect_eq(bob->dials, 1u);
    /* What the network says of a loopback relay is not dialled, and no private one at all. */
    struct node *carol = ring_user(&r, HOST_ANONYMOUS, POLICY_EGRESS_TOR);
    near = ring_address(&near, alice);
    a = world_connect(carol, NULL, &near, 1, PERMIT_LEARNED);
    cr_expect_eq(a.err, BEAM_EPOLICY, "%s", a.why.text);
    lan = world_addr("/ip4/10.0.0.1/tcp/1");
    cr_assert_eq(multiaddr_with_peer(&lan, host_id(relay->host), &lan), 0);
    lan = ring_address(&lan, alice);
    a = world_connect(carol, NULL, &lan, 1, PERMIT_TYPED);
    cr_expect_eq(a.err, BEAM_EPOLICY, "%s", a.why.text);
    cr_expect_eq(carol->dials, 0u);
    ring_clear(&r);
}

BEAM_TEST(relayed, what_cannot_be_reached_says_why)
{
    struct ring r;
    struct node *relay = NULL;
    ring_init(&r);
    struct multiaddr at = ring_relay(&r, &relay), dead = world_addr("/ip4/127.0.0.1/tcp/1"), to;
    struct node *alice = ring_user(&r, HOST_OPEN, POLICY_EGRESS_ANY);
    struct node *bob = ring_user(&r, HOST_OPEN, POLICY_EGRESS_ANY);
    to = ring_address(&at, alice);
    struct asked_of a = ring_ping(bob, &to);
    cr_expect_eq(a.err, BEAM_ENOTFOUND, "no reservation: %s", a.why.text);
    struct multiaddr none = world_listen(alice);
    to = ring_address(&none, bob);
    struct node *carol = ring_user(&r, HOST_OPEN, POLICY_EGRESS_ANY);
    a = ring_ping(carol, &to);
    cr_expect(a.err == BEAM_EREFUSED || a.err == BEAM_ERESET, "a peer that is no relay: %s",
              a.why.text);
    cr_assert_eq(multiaddr_with_peer(&dead, host_id(relay->host), &dead), 0);
    to = ring_address(&dead, bob);
    a = ring_ping(carol, &to);
    cr_expect_eq(a.err, BEAM_EREFUSED, "no relay at all: %s", a.why.text);
    multiaddr_without_peer(&to, &to);
    a = ring_ping(carol, &to);
    cr_expect_eq(a.err, BEAM_EINVAL, "nobody named: %s", a.why.text);
    ring_clear(&r);
}

/* Nobody gets anything of a connection that comes by a circuit itself. */
BEAM_TEST(relayed, a_circuit_over_a_circuit_is_refused)
{
    struct ring r;
    struct node *relay = NULL;
    ring_init(&r);
    struct multiaddr at = ring_relay(&r, &relay);
    struct node *alice = ring_user(&r, HOST_OPEN, POLICY_EGRESS_ANY);
    struct node *bob = ring_user(&r, HOST_OPEN, POLICY_EGRESS_ANY);
    const struct hop_spec hop = {.loop = r.world.loop,
                                 .host = alice->host,
                                 .rng = &r.world.rng,
                                 .clock = clock_system(),
                                 .key = alice->key,
                                 .limits = r.limits};
    cr_assert_eq(hop_new(&hop, &r.hops[alice - r.world.nodes]), 0);
    struct multiaddr to = ring_reserve(&r, alice, &at);
    struct asked_of a = ring_ping(bob, &to);
    cr_assert_eq(a.err, 0, "%s", a.why.text);
    cr_expect_eq(ring_ask(bob, host_id(alice->host), "\x08\x00", 2), HOP_PERMISSION_DENIED);
    struct multiaddr over = ring_address(&to, bob);
    a = ring_ping(bob, &over);
    cr_expect_lt(a.err, 0);
    ring_clear(&r);
}

BEAM_TEST(relayed, a_straight_connection_is_preferred)
{
    struct ring r;
    ring_init(&r);
    struct multiaddr at = ring_relay(&r, NULL);
    struct node *alice = ring_user(&r, HOST_OPEN, POLICY_EGRESS_ANY);
    struct node *bob = ring_user(&r, HOST_OPEN, POLICY_EGRESS_ANY);
    struct multiaddr to = ring_reserve(&r, alice, &at), straight = world_listen(alice);
    struct asked_of a = ring_ping(bob, &to), b = {.done = false};
    cr_assert_eq(a.err, 0, "%s", a.why.text);
    const struct connect_spec spec = {
        .addrs = &straight, .n = 1, .origin = PERMIT_TYPED, .straight = true};
    struct connect *c = NULL;
    cr_assert_eq(connect_start(bob->host, &spec, world_on_connect, &b, &c), 0);
    cr_assert(until_flag(r.world.loop, &b.done));
    cr_assert_eq(b.err, 0, "%s", b.why.text);
    cr_expect_eq(b.peer.way, WAY_DIRECT);
    a = world_connect(bob, host_id(alice->host), NULL, 0, PERMIT_TYPED);
    cr_expect_eq(a.peer.way, WAY_DIRECT);
    ring_clear(&r);
}

BEAM_TEST(relayed, its_end_ends_what_is_under_way)
{
    struct ring r;
    struct asked_of a = {.done = false};
    struct ping *p = NULL;
    ring_init(&r);
    struct multiaddr at = ring_relay(&r, NULL);
    struct node *alice = ring_user(&r, HOST_OPEN, POLICY_EGRESS_ANY);
    struct node *bob = ring_user(&r, HOST_OPEN, POLICY_EGRESS_ANY);
    struct multiaddr to = ring_address(&at, alice);
    const struct connect_spec spec = {.addrs = &to, .n = 1, .origin = PERMIT_TYPED};
    cr_assert_eq(ping_start(bob->host, &spec, world_on_ping, &a, &p), 0);
    relayed_free(ring_of(&r, bob));
    r.relayed[bob - r.world.nodes] = NULL;
    cr_assert(until_flag(r.world.loop, &a.done));
    cr_expect_lt(a.err, 0);
    const struct relayed_spec again = {
        .loop = r.world.loop, .host = alice->host, .rng = &r.world.rng, .clock = clock_system()};
    struct relayed *second = NULL;
    cr_expect_eq(relayed_new(&again, &second), BEAM_EEXIST);
    ring_clear(&r);
}

/* Bytes that a connection carried, as its relay counts them; 0: it is gone. */
static uint64_t carried(const struct node *n, uint64_t serial)
{
    const struct conn *c = pool_by_serial(&n->host->pool, serial);
    return c ? yamux_carried(c->yamux) : 0;
}

/* New streams do not begin on what is about to break, and do on what will last. */
BEAM_TEST(relayed, a_circuit_near_its_limit_is_left_for_another)
{
    struct ring r;
    ring_init(&r);
    enum { DATA = 24000 };
    r.limit = (struct hop_limit){.data = DATA};
    struct multiaddr at = ring_relay(&r, NULL);
    struct node *alice = ring_user(&r, HOST_OPEN, POLICY_EGRESS_ANY);
    struct node *bob = ring_user(&r, HOST_OPEN, POLICY_EGRESS_ANY);
    struct multiaddr to = ring_reserve(&r, alice, &at);
    uint64_t first = 0, most = 0;
    struct asked_of a = {.err = 0};
    size_t times = 0;
    /* Each ping takes a few hundred bytes. */
    for (; times < 200; times++) {
        a = ring_ping(bob, &to);
        cr_assert_eq(a.err, 0, "ping %zu: %s", times, a.why.text);
        if (first == 0)
            first = a.peer.serial;
        if (a.peer.serial != first)
            break;
        most = carried(bob, first);
    }
    cr_expect_lt(times, 200u, "another one");
    cr_expect_gt(most, (uint64_t)DATA * 2 / 3, "not before three quarters, or a ping less");
    ring_clear(&r);
}
