/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/standing.h"

#include "p2p/ping.h"
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

/* A gate that shuts out what a test says. */
struct ward {
    bool unknown;         /* all, before they say who they are */
    const char *protocol; /* this one; NULL: any */
    bool streams;
};

static bool shuts(void *arg, const struct peer_id *peer, const struct multiaddr *from,
                  const char *protocol)
{
    const struct ward *g = arg;
    cr_expect(from && from->len > 0);
    if (!protocol)
        return g->unknown && !peer;
    return g->streams && strcmp(protocol, g->protocol) == 0;
}

static int ping_once(struct node *from, struct node *to)
{
    struct asked_of a = {.done = false};
    struct ping *p = NULL;
    const struct connect_spec spec = {
        .peer = host_id(to->host), .addrs = host_addr(to->host, 0), .n = 1, .origin = PERMIT_TYPED};
    cr_assert_eq(ping_start(from->host, &spec, world_on_ping, &a, &p), 0);
    cr_assert(until_flag(from->world->loop, &a.done));
    if (a.err == 0)
        ping_stop(p);
    return a.err;
}

BEAM_TEST(standing, a_gate_shuts_out_connections_and_streams)
{
    struct world w;
    struct node *alice, *bob;
    struct ward ward = {.protocol = PING_PROTOCOL};
    meet(&w, &alice, &bob);
    standing_gate(alice->host, &(struct standing_gate){.shuts = shuts, .arg = &ward});
    cr_expect_eq(ping_once(bob, alice), 0);
    ward.streams = true;
    cr_expect_lt(ping_once(bob, alice), 0, "he may not have this stream");
    ward.streams = false;
    cr_expect_eq(ping_once(bob, alice), 0);
    host_disconnect(alice->host, host_id(bob->host));
    cr_assert(world_peers(bob, 0));
    ward.unknown = true;
    cr_expect_lt(ping_once(bob, alice), 0, "nor come in");
    cr_expect_eq(host_peers(alice->host), 0u);
    standing_gate(alice->host, NULL);
    cr_expect_eq(ping_once(bob, alice), 0);
    world_clear(&w);
}

BEAM_TEST(standing, who_is_kept_stays)
{
    struct world w;
    struct node *alice, *bob;
    meet(&w, &alice, &bob);
    cr_assert_eq(host_keep(alice->host, host_id(bob->host), true), 0);
    standing_blame(alice->host, host_id(bob->host), REPUTE_ITSELF);
    cr_assert_eq(standing_doubt(alice->host, host_id(bob->host)), 0u);
    shun(alice, bob);
    cr_assert_eq(standing_of(alice->host, host_id(bob->host)), REPUTE_IS_DOUBTED);
    cr_assert_eq(standing_doubt(alice->host, host_id(bob->host)), (unsigned)REPUTE_SHUNNED);
    cr_assert_eq(host_keep(alice->host, host_id(bob->host), false), 0);
    cr_assert_gt(standing_doubt(alice->host, host_id(bob->host)), (unsigned)REPUTE_SHUNNED);
    cr_assert_eq(standing_of(alice->host, host_id(bob->host)), REPUTE_IS_SHUNNED);
    world_clear(&w);
}

/* As for a reservation, which anybody gets. */
BEAM_TEST(standing, who_asked_to_be_kept_goes_all_the_same)
{
    struct world w;
    struct node *alice, *bob;
    meet(&w, &alice, &bob);
    const struct peer_id *whom = host_id(bob->host);
    cr_assert_eq(standing_lodge(alice->host, whom, true), 0);
    shun(alice, bob);
    cr_expect_eq(standing_of(alice->host, whom), REPUTE_IS_SHUNNED);
    cr_assert_eq(host_keep(alice->host, whom, true), 0);
    cr_expect_eq(standing_of(alice->host, whom), REPUTE_IS_DOUBTED, "now she chose him, too");
    cr_assert_eq(standing_lodge(alice->host, whom, false), 0);
    cr_assert_eq(standing_lodge(alice->host, whom, false), 0);
    cr_expect_eq(standing_of(alice->host, whom), REPUTE_IS_DOUBTED, "no more off than on");
    cr_assert_eq(host_keep(alice->host, whom, false), 0);
    cr_expect(world_peers(alice, 0));
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
