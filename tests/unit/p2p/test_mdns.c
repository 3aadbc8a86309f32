/* SPDX-License-Identifier: BSD-3-Clause */
/* Peers on one link, which is loopback here, on a port that no other test has. */
#include "p2p/mdns.h"

#include "tests/unit/p2p/world.h"

static uint16_t port_of(struct world *w)
{
    return (uint16_t)(20000 + seed_below(&w->seed, 12000));
}

/* One whose policy looks for peers nearby, on this machine too where it may. */
static struct node *add_near(struct world *w, enum policy_egress egress, bool allow_private)
{
    struct policy policy;
    cr_assert_eq(policy_ad_hoc(POLICY_ONION, egress, &policy), 0);
    policy.discovery = POLICY_DISCOVERY_LAN;
    policy.allow_private = allow_private;
    return world_add_under(w, HOST_OPEN, &policy);
}

/* Loopback alone, whatever else this machine is connected to. */
static int on_lans(const struct permit *permit, struct lan out[LANS_MAX])
{
    int n = lan_list(permit, out), kept = 0;
    for (int i = 0; i < n; i++)
        if (addr_scope(&out[i].at) == ADDR_LOOPBACK)
            out[kept++] = out[i];
    return kept;
}

static struct mdns *look(struct node *n, uint16_t port)
{
    struct mdns *m = NULL;
    const struct mdns_spec spec = {.loop = n->world->loop,
                                   .host = n->host,
                                   .rng = &n->world->rng,
                                   .permit = n->permit,
                                   .port = port,
                                   .lans = on_lans};
    cr_assert_eq(mdns_new(&spec, &m), 0);
    return m;
}

BEAM_TEST(mdns, peers_on_a_link_find_each_other)
{
    struct world w;
    world_init(&w);
    struct node *alice = add_near(&w, POLICY_EGRESS_ANY, true);
    struct node *bob = add_near(&w, POLICY_EGRESS_LAN, true);
    uint16_t port = port_of(&w);
    (void)world_listen(alice);
    struct mdns *a = look(alice, port), *b = look(bob, port);
    cr_assert_geq(mdns_links(a), 1u);
    cr_assert(world_peers(bob, 1), "the one who listens is found");
    cr_expect(host_connected(bob->host, host_id(alice->host)));
    mdns_free(a);
    mdns_free(b);
    world_clear(&w);
}

BEAM_TEST(mdns, who_hides_opens_nothing)
{
    struct world w;
    world_init(&w);
    struct node *alice = add_near(&w, POLICY_EGRESS_TOR, true);
    struct mdns *m = look(alice, port_of(&w));
    cr_expect_eq(mdns_links(m), 0u);
    mdns_free(m);
    struct node *bob = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    m = look(bob, port_of(&w));
    cr_expect_eq(mdns_links(m), 0u, "nor who does not look for anybody");
    mdns_free(m);
    world_clear(&w);
}

BEAM_TEST(mdns, what_is_said_nearby_is_believed_of_this_link_alone)
{
    struct world w;
    world_init(&w);
    struct node *alice = add_near(&w, POLICY_EGRESS_ANY, false);
    struct node *bob = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    const struct peer_id *id = host_id(bob->host);
    struct multiaddr near = world_addr("/ip4/192.168.7.7/tcp/1");
    struct multiaddr far = world_addr("/ip4/192.0.2.7/tcp/1");
    struct multiaddr here = world_addr("/ip4/127.0.0.1/tcp/1");
    cr_expect(host_learn_nearby(alice->host, id, &near, 1000));
    cr_expect(!host_learn_nearby(alice->host, id, &far, 1000), "that is not nearby");
    cr_expect(!host_learn_nearby(alice->host, id, &here, 1000), "this machine is not nearby");
    cr_expect(!host_learn_nearby(bob->host, id, &near, 1000), "its policy looks for nobody");
    world_clear(&w);
}
