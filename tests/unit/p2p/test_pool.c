/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/pool.h"

#include <string.h>

#include "p2p/core.h"
#include "stream/memory.h"
#include "tests/unit/p2p/world.h"

static struct asked_of join(struct node *from, const struct multiaddr *at)
{
    return world_connect(from, NULL, at, 1, PERMIT_TYPED);
}

BEAM_TEST(pool, an_idle_connection_ends_and_a_kept_one_stays)
{
    const struct limits brief = {.idle_ms = 200};
    struct world w;
    world_init(&w);
    struct node *alice = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, &brief);
    struct node *bob = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct node *carol = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct multiaddr to_bob = world_onion(bob), to_carol = world_onion(carol);
    cr_assert_eq(host_keep(alice->host, host_id(bob->host), true), 0);
    cr_assert_eq(join(alice, &to_bob).err, 0);
    cr_assert_eq(join(alice, &to_carol).err, 0);
    cr_expect_eq(host_peers(alice->host), 2u);
    cr_assert(world_peers(alice, 1));
    struct host_peer peer;
    cr_expect(host_find(alice->host, host_id(bob->host), &peer));
    cr_assert(world_peers(carol, 0));
    cr_assert_eq(host_keep(alice->host, host_id(bob->host), false), 0);
    cr_assert(world_peers(alice, 0));
    world_clear(&w);
}

BEAM_TEST(pool, an_old_connection_ends_at_its_pause)
{
    const struct limits brief = {.lifetime_ms = 200, .idle_ms = 100000};
    struct world w;
    world_init(&w);
    struct node *alice = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, &brief);
    struct node *bob = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct multiaddr at = world_onion(bob);
    cr_assert_eq(join(alice, &at).err, 0);
    cr_assert(world_peers(alice, 0));
    world_clear(&w);
}

static bool sorted_out(void *arg)
{
    struct world *w = arg;
    return census_connections(w->nodes[0].host->pool.census) == 1 &&
           census_connections(w->nodes[1].host->pool.census) == 1;
}

BEAM_TEST(pool, of_two_dialled_at_once_both_ends_keep_the_same)
{
    const struct limits brief = {.idle_ms = 400};
    struct world w;
    struct asked_of a = {.done = false}, b = {.done = false};
    struct connect *ca, *cb;
    world_init(&w);
    struct node *alice = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, &brief);
    struct node *bob = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, &brief);
    struct multiaddr to_alice = world_onion(alice), to_bob = world_onion(bob);
    cr_assert_eq(host_keep(alice->host, host_id(bob->host), true), 0);
    cr_assert_eq(host_keep(bob->host, host_id(alice->host), true), 0);
    const struct connect_spec spec_a = {.addrs = &to_bob, .n = 1, .origin = PERMIT_LEARNED},
                              spec_b = {.addrs = &to_alice, .n = 1, .origin = PERMIT_LEARNED};
    cr_assert_eq(connect_start(alice->host, &spec_a, world_on_connect, &a, &ca), 0);
    cr_assert_eq(connect_start(bob->host, &spec_b, world_on_connect, &b, &cb), 0);
    cr_assert(until_flag(w.loop, &a.done));
    cr_assert(until_flag(w.loop, &b.done));
    cr_expect_eq(a.err, 0, "%s", a.why.text);
    cr_expect_eq(b.err, 0, "%s", b.why.text);
    cr_assert(until(w.loop, sorted_out, &w));
    struct host_peer of_alice, of_bob;
    cr_assert(host_find(alice->host, host_id(bob->host), &of_bob));
    cr_assert(host_find(bob->host, host_id(alice->host), &of_alice));
    cr_expect_neq(of_alice.inbound, of_bob.inbound, "two ends of one connection");
    world_clear(&w);
}

static bool has_two(void *arg)
{
    const struct peer *peer = arg;
    return peer->conns && peer->conns->peer_next;
}

/* Somebody else with the same key is a peer's second connection. */
BEAM_TEST(pool, who_is_asked_to_dial_has_two_meanwhile)
{
    struct world w;
    struct host *twin;
    struct asked_of a = {.done = false};
    struct connect *c;
    world_init(&w);
    struct node *alice = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct node *bob = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct multiaddr to_bob = world_onion(bob);
    const struct host_spec spec = {.loop = w.loop,
                                   .rng = &w.rng,
                                   .clock = clock_system(),
                                   .key = alice->key,
                                   .permit = alice->permit,
                                   .kind = HOST_ANONYMOUS,
                                   .tor = world_way(alice)};
    const struct connect_spec to = {.addrs = &to_bob, .n = 1, .origin = PERMIT_LEARNED};
    struct pool *p = &bob->host->pool;
    const struct peer_id *id = host_id(alice->host);
    cr_assert_eq(host_new(&spec, &twin), 0);
    cr_assert_eq(pool_double(p, id, true), 0);
    cr_assert_eq(pool_double(p, id, true), 0);
    cr_assert_eq(join(alice, &to_bob).err, 0);
    cr_assert_eq(connect_start(twin, &to, world_on_connect, &a, &c), 0);
    cr_assert(until_flag(w.loop, &a.done));
    cr_assert_eq(a.err, 0, "%s", a.why.text);
    struct peer *peer = pool_peer(p, id);
    cr_assert(until(w.loop, has_two, peer));
    cr_assert_eq(pool_double(p, id, false), 0);
    cr_expect(!peer->conns->leaving && !peer->conns->peer_next->leaving);
    cr_assert_eq(pool_double(p, id, false), 0);
    cr_expect(!peer->conns->leaving && peer->conns->peer_next->leaving, "the newer one stays");
    cr_assert_eq(pool_double(p, id, false), 0, "it is off already");
    cr_expect_eq(peer->kept, 0u);
    host_free(twin);
    world_clear(&w);
}

BEAM_TEST(pool, strangers_do_not_take_every_place)
{
    const struct limits few = {.connections = 4, .inbound = 2, .idle_ms = 100000};
    struct world w;
    world_init(&w);
    struct node *hub = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, &few);
    struct multiaddr at = world_onion(hub);
    struct node *guests[3];
    for (size_t i = 0; i < 3; i++)
        guests[i] = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    for (size_t i = 0; i < 2; i++)
        cr_assert_eq(join(guests[i], &at).err, 0);
    cr_assert(world_peers(hub, 2));
    /* The third takes the place of one that is idle. */
    cr_assert_eq(join(guests[2], &at).err, 0);
    cr_expect_eq(host_peers(hub->host), 2u);
    struct node *friend = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct multiaddr to_friend = world_onion(friend);
    cr_assert_eq(join(hub, &to_friend).err, 0);
    cr_expect_eq(host_peers(hub->host), 3u, "there is room for one that it dials");
    world_clear(&w);
}

struct silent {
    struct stream *s;
    struct buf in;
    ssize_t last;
};

static bool has_ended(void *arg)
{
    struct silent *s = arg;
    do {
        s->last = stream_read(s->s, &s->in, 4096);
        buf_clear(&s->in);
    } while (s->last > 0);
    return s->last != BEAM_EAGAIN;
}

BEAM_TEST(pool, who_never_finishes_the_handshake_is_turned_away)
{
    const struct limits brief = {.handshake_ms = 1000, .half_open = 4};
    struct world w;
    struct silent silent[3];
    world_init(&w);
    struct node *hub = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, &brief);
    struct node *guest = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct multiaddr at = world_listen(hub);
    for (size_t i = 0; i < 3; i++) {
        struct stream *far = NULL;
        buf_init(&silent[i].in, loop_pool(w.loop), 4096);
        cr_assert_eq(stream_memory(w.loop, 4096, &silent[i].s, &far), 0);
        host_accept(hub->host, far, WAY_ONION, NULL);
    }
    /* Such as come by onions fill half of the places, and the rest is for others. */
    cr_expect_eq(census_half_open(hub->host->pool.census), 2u);
    cr_assert_eq(join(guest, &at).err, 0);
    for (size_t i = 0; i < 3; i++) {
        cr_assert(until(w.loop, has_ended, &silent[i]));
        stream_free(silent[i].s);
    }
    cr_expect_eq(census_half_open(hub->host->pool.census), 0u);
    cr_expect_eq(host_peers(hub->host), 1u, "nobody else has noticed");
    world_clear(&w);
}

BEAM_TEST(pool, streams_are_bounded)
{
    static const char *const none[] = {PING_PROTOCOL};
    const struct limits few = {.streams_per_peer = 4};
    struct world w;
    struct asked_of a[8] = {{.done = false}};
    struct open *o[8];
    size_t open = 0;
    world_init(&w);
    struct node *alice = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, &few);
    struct node *bob = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct multiaddr at = world_onion(bob);
    const struct connect_spec spec = {.addrs = &at, .n = 1, .origin = PERMIT_LEARNED};
    for (size_t i = 0; i < 8; i++)
        cr_assert_eq(open_start(alice->host, &spec, none, 1, world_on_open, &a[i], &o[i]), 0);
    for (size_t i = 0; i < 8; i++) {
        cr_assert(until_flag(w.loop, &a[i].done));
        cr_expect(a[i].err == 0 || a[i].err == BEAM_ELIMIT, "%s", a[i].why.text);
        open += a[i].err == 0;
    }
    cr_expect_geq(open, 1u);
    cr_expect_leq(open, 4u);
    for (size_t i = 0; i < 8; i++)
        stream_free(a[i].stream);
    world_clear(&w);
}
