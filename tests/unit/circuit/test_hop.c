/* SPDX-License-Identifier: BSD-3-Clause */
#include "circuit/hop.h"

#include "p2p/standing.h"
#include "tests/unit/circuit/ring.h"

struct reserved {
    const struct hop *hop;
    size_t n;
};

static bool has_reserved(void *arg)
{
    const struct reserved *x = arg;
    return hop_reservations(x->hop) == x->n;
}

BEAM_TEST(hop, a_reservation_goes_with_its_connection)
{
    struct ring r;
    ring_init(&r);
    struct multiaddr at = ring_relay(&r, NULL);
    struct node *alice = ring_user(&r, HOST_OPEN, POLICY_EGRESS_ANY);
    (void)ring_reserve(&r, alice, &at);
    cr_expect_eq(hop_reservations(r.hops[0]), 1u);
    relayed_free(ring_of(&r, alice));
    r.relayed[alice - r.world.nodes] = NULL;
    host_disconnect(alice->host, host_id(r.world.nodes[0].host));
    struct reserved none = {r.hops[0], 0};
    cr_assert(until(r.world.loop, has_reserved, &none));
    ring_clear(&r);
}

BEAM_TEST(hop, a_reservation_makes_nobody_immune)
{
    struct ring r;
    struct node *relay = NULL;
    ring_init(&r);
    struct multiaddr at = ring_relay(&r, &relay);
    struct node *alice = ring_user(&r, HOST_OPEN, POLICY_EGRESS_ANY);
    (void)ring_reserve(&r, alice, &at);
    for (int i = 0; i < 3; i++)
        standing_blame(relay->host, host_id(alice->host), REPUTE_GARBLED);
    cr_expect_eq(standing_of(relay->host, host_id(alice->host)), REPUTE_IS_SHUNNED);
    struct reserved none = {r.hops[0], 0};
    cr_assert(until(r.world.loop, has_reserved, &none));
    cr_expect(world_peers(relay, 0));
    ring_clear(&r);
}

BEAM_TEST(hop, what_it_is_asked_it_answers)
{
    struct ring r;
    struct node *relay = NULL;
    ring_init(&r);
    r.limits.reservations = 1;
    struct multiaddr at = ring_relay(&r, &relay);
    struct node *alice = ring_user(&r, HOST_OPEN, POLICY_EGRESS_ANY);
    struct node *bob = ring_user(&r, HOST_OPEN, POLICY_EGRESS_ANY);
    (void)ring_reserve(&r, alice, &at);
    struct asked_of a = world_connect(bob, NULL, &at, 1, PERMIT_TYPED);
    cr_assert_eq(a.err, 0, "%s", a.why.text);
    const struct peer_id *id = host_id(relay->host);
    cr_expect_eq(ring_ask(bob, id, "\x08\x00", 2), HOP_RESERVATION_REFUSED, "all are given away");
    cr_expect_eq(ring_ask(alice, id, "\x08\x00", 2), HOP_OK, "a renewal");
    cr_expect_eq(ring_ask(bob, id, "\x08\x01", 2), HOP_MALFORMED, "to whom?");
    cr_expect_eq(ring_ask(bob, id, "\x08\x02\x28\x64", 4), HOP_UNEXPECTED);
    cr_expect_eq(ring_ask(bob, id, "\x28\x64", 2), HOP_MALFORMED);
    cr_expect_eq(ring_ask(bob, id, "?", 1), HOP_MALFORMED);
    struct hop_message m = {.type = HOP_CONNECT, .has_peer = true, .peer = *host_id(bob->host)};
    uint8_t bytes[HOP_MESSAGE_MAX];
    size_t len = 0;
    cr_assert_eq(hop_message_encode(HOP_SIDE, &m, bytes, sizeof(bytes), &len), 0);
    cr_expect_eq(ring_ask(alice, id, bytes, len), HOP_NO_RESERVATION);
    cr_expect_eq(ring_ask(bob, id, bytes, len), HOP_PERMISSION_DENIED, "to itself");
    ring_clear(&r);
}

BEAM_TEST(hop, a_reservation_that_is_not_renewed_runs_out)
{
    struct ring r;
    struct node *relay = NULL;
    ring_init(&r);
    r.limits.reservations = 1;
    r.limits.reservation_ms = 50;
    struct multiaddr at = ring_relay(&r, &relay);
    struct node *alice = ring_user(&r, HOST_OPEN, POLICY_EGRESS_ANY);
    struct node *bob = ring_user(&r, HOST_OPEN, POLICY_EGRESS_ANY);
    (void)ring_reserve(&r, alice, &at);
    struct asked_of a = world_connect(bob, NULL, &at, 1, PERMIT_TYPED);
    cr_assert_eq(a.err, 0, "%s", a.why.text);
    /* Others get it then. */
    uint64_t until_ms = loop_now(r.world.loop) + 5000, status = 0;
    while (status != HOP_OK && loop_now(r.world.loop) < until_ms)
        status = ring_ask(bob, host_id(relay->host), "\x08\x00", 2);
    cr_expect_eq(status, HOP_OK);
    ring_clear(&r);
}
