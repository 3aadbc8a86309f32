/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/standing.h"

#include "tests/unit/p2p/world.h"

/* Alice and bob, whom he has reached. */
static void meet(struct world *w, struct node **alice, struct node **bob)
{
    world_init(w);
    *alice = world_add(w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    *bob = world_add(w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct multiaddr at = world_listen(*alice);
    struct asked_of a = world_connect(*bob, host_id((*alice)->host), &at, 1, PERMIT_TYPED);
    cr_assert_eq(a.err, 0, "%s", a.why.text);
    cr_assert(world_peers(*alice, 1));
}

static void shun(struct node *n, const struct node *whom)
{
    for (int i = 0; i < 3; i++)
        standing_blame(n->host, host_id(whom->host), REPUTE_GARBLED);
}

BEAM_TEST(standing, who_is_shunned_goes_and_is_not_let_in)
{
    struct world w;
    struct node *alice, *bob;
    struct beam_why why;
    meet(&w, &alice, &bob);
    cr_assert_eq(standing_admit(alice->host, host_id(bob->host), &why), 0);
    standing_blame(alice->host, host_id(bob->host), REPUTE_GARBLED);
    cr_assert_eq(standing_of(alice->host, host_id(bob->host)), REPUTE_IS_DOUBTED);
    cr_assert_eq(host_peers(alice->host), 1u, "to be doubted ends nothing");
    shun(alice, bob);
    cr_assert_eq(standing_of(alice->host, host_id(bob->host)), REPUTE_IS_SHUNNED);
    cr_assert_eq(host_peers(alice->host), 1u, "not within the call");
    cr_assert(world_peers(alice, 0));
    cr_assert(world_peers(bob, 0));
    cr_assert_eq(standing_admit(alice->host, host_id(bob->host), &why), BEAM_EAUTH);
    struct multiaddr at = *host_addr(alice->host, 0);
    (void)world_connect(bob, host_id(alice->host), &at, 1, PERMIT_TYPED);
    cr_assert(world_peers(bob, 0), "she ends it at once");
    cr_assert(world_peers(alice, 0));
    world_clear(&w);
}

BEAM_TEST(standing, who_is_kept_stays)
{
    struct world w;
    struct node *alice, *bob;
    meet(&w, &alice, &bob);
    cr_assert_eq(host_keep(alice->host, host_id(bob->host), true), 0);
    shun(alice, bob);
    cr_assert_eq(standing_of(alice->host, host_id(bob->host)), REPUTE_IS_DOUBTED);
    cr_assert_eq(host_keep(alice->host, host_id(bob->host), false), 0);
    cr_assert_eq(standing_of(alice->host, host_id(bob->host)), REPUTE_IS_SHUNNED);
    world_clear(&w);
}

BEAM_TEST(standing, nobody_blames_itself)
{
    struct world w;
    struct node *alice, *bob;
    meet(&w, &alice, &bob);
    shun(alice, alice);
    cr_assert_eq(standing_of(alice->host, host_id(alice->host)), REPUTE_GOOD);
    world_clear(&w);
}
