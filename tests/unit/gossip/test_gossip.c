/* SPDX-License-Identifier: BSD-3-Clause */
#include "gossip/gossip.h"

#include <string.h>

#include "p2p/standing.h"
#include "tests/unit/p2p/world.h"

enum { NODES = 4 };

/* Hosts with gossip, in a row: each knows the one before it. */
struct net {
    struct world w;
    struct gossip *gossips[NODES];
    size_t heard[NODES];
    char last[32];
};

struct ear {
    struct net *net;
    size_t node;
};

static void on_heard(void *arg, struct post *p)
{
    struct net *net = ((struct ear *)arg)->net;
    net->heard[((struct ear *)arg)->node]++;
    cr_assert_lt(p->view.data_len, sizeof(net->last));
    memset(net->last, 0, sizeof(net->last));
    memcpy(net->last, p->view.data, p->view.data_len);
}

static struct gossip *start(struct net *net, struct node *n, bool signs)
{
    struct gossip *g = NULL;
    const struct gossip_spec spec = {.loop = net->w.loop,
                                     .host = n->host,
                                     .rng = &net->w.rng,
                                     .clock = clock_system(),
                                     .key = signs ? n->key : NULL};
    cr_assert_eq(gossip_new(&spec, &g), 0);
    return g;
}

static void join(struct net *net, size_t node, struct ear *ear)
{
    struct router_topic t = {.name = "t", .heard = on_heard, .arg = ear};
    *ear = (struct ear){.net = net, .node = node};
    score_topic_default(&t.score);
    cr_assert_eq(gossip_join(net->gossips[node], &t), 0);
}

static void set_up(struct net *net, struct ear *ears)
{
    struct multiaddr before;
    memset(net, 0, sizeof(*net));
    world_init(&net->w);
    for (size_t i = 0; i < NODES; i++) {
        struct node *n = world_add(&net->w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
        net->gossips[i] = start(net, n, true);
        join(net, i, &ears[i]);
        if (i > 0)
            cr_assert_eq(world_connect(n, NULL, &before, 1, PERMIT_TYPED).err, 0);
        before = world_listen(n);
    }
}

static void tear_down(struct net *net)
{
    for (size_t i = 0; i < NODES; i++)
        gossip_free(net->gossips[i]);
    world_clear(&net->w);
}

static bool is_in_mesh(void *arg)
{
    struct net *net = arg;
    struct gossip_topic t;
    size_t sum = 0;
    for (size_t i = 0; i < NODES; i++)
        sum += gossip_topic(net->gossips[i], 0, &t) ? t.count.mesh : 0;
    return sum == 2 * (NODES - 1);
}

static bool is_heard_by_all(void *arg)
{
    struct net *net = arg;
    size_t n = 0;
    for (size_t i = 0; i < NODES; i++)
        n += net->heard[i] > 0;
    return n == NODES - 1;
}

BEAM_TEST(gossip, goes_from_one_end_to_the_other)
{
    struct net net;
    struct ear ears[NODES];
    set_up(&net, ears);
    cr_assert(until(net.w.loop, is_in_mesh, &net), "each is in the mesh of its neighbours");
    cr_expect_eq(gossip_publish(net.gossips[0], "t", "hello", 5), 0);
    cr_assert(until(net.w.loop, is_heard_by_all, &net), "all others hear it");
    cr_expect_eq(net.heard[0], 0);
    cr_expect_str_eq(net.last, "hello");
    for (size_t i = 1; i < NODES; i++)
        cr_expect_eq(net.heard[i], 1);
    tear_down(&net);
}

static bool is_alone(void *arg)
{
    return gossip_peers(arg) == 0;
}

static bool has_company(void *arg)
{
    return gossip_peers(arg) > 0;
}

static bool has_no_mesh(void *arg)
{
    struct gossip_topic t;
    cr_assert(gossip_topic(arg, 0, &t));
    return t.count.mesh == 0;
}

BEAM_TEST(gossip, who_is_doubted_for_what_it_did_elsewhere_is_in_no_mesh)
{
    struct net net;
    struct ear ears[NODES];
    set_up(&net, ears);
    cr_assert(until(net.w.loop, is_in_mesh, &net));
    standing_blame(net.w.nodes[0].host, host_id(net.w.nodes[1].host), REPUTE_GARBLED);
    cr_assert(until(net.w.loop, has_no_mesh, net.gossips[0]));
    cr_expect_eq(gossip_peers(net.gossips[0]), 1u, "it is spoken with");
    tear_down(&net);
}

BEAM_TEST(gossip, a_peer_that_left_is_forgotten_and_comes_again)
{
    struct net net;
    struct ear ears[NODES];
    set_up(&net, ears);
    cr_assert(until(net.w.loop, is_in_mesh, &net));
    struct node *last = &net.w.nodes[NODES - 1];
    host_disconnect(last->host, host_id(net.w.nodes[NODES - 2].host));
    cr_assert(until(net.w.loop, is_alone, net.gossips[NODES - 1]));
    struct multiaddr addr = *host_addr(net.w.nodes[NODES - 2].host, 0);
    cr_expect_eq(world_connect(last, NULL, &addr, 1, PERMIT_TYPED).err, 0);
    cr_assert(until(net.w.loop, has_company, net.gossips[NODES - 1]));
    tear_down(&net);
}

BEAM_TEST(gossip, without_a_key_nothing_is_published)
{
    struct net net = {.w = {.n = 0}};
    world_init(&net.w);
    struct node *n = world_add(&net.w, HOST_ANONYMOUS, POLICY_EGRESS_TOR, NULL);
    struct gossip *g = start(&net, n, false);
    cr_assert_eq(gossip_publish(g, "t", "hello", 5), BEAM_EPOLICY);
    gossip_free(g);
    world_clear(&net.w);
}

static bool is_one_connection(void *arg)
{
    const struct net *net = arg;
    struct gossip_topic t;
    for (size_t i = 0; i < 2; i++) {
        struct host_peer peer;
        const struct conn *at = NULL;
        size_t n = 0;
        while (host_next(net->w.nodes[i].host, &at, &peer))
            n++;
        if (n != 1 || !gossip_topic(net->gossips[i], 0, &t) || t.count.mesh != 1)
            return false;
    }
    return true;
}

static bool is_heard_by_second(void *arg)
{
    return ((struct net *)arg)->heard[1] > 0;
}

static uint64_t connection_of(const struct node *n, const struct node *other)
{
    struct host_peer peer;
    return host_find(n->host, host_id(other->host), &peer) ? peer.serial : 0;
}

/* Of two connections the one is preferred that the peer with the smaller id dialled: when that
 * comes second, streams move to it, and the first one ends. */
BEAM_TEST(gossip, keeps_no_surplus_connection)
{
    const struct limits limits = {.idle_ms = 2000}; /* longer than a heartbeat */
    struct net net;
    struct ear ears[2];
    struct multiaddr addrs[2], bare;
    memset(&net, 0, sizeof(net));
    world_init(&net.w);
    for (size_t i = 0; i < 2; i++) {
        struct node *n = world_add(&net.w, HOST_OPEN, POLICY_EGRESS_ANY, &limits);
        net.gossips[i] = start(&net, n, true);
        join(&net, i, &ears[i]);
        addrs[i] = world_listen(n);
    }
    size_t small =
        peer_id_compare(host_id(net.w.nodes[0].host), host_id(net.w.nodes[1].host)) < 0 ? 0 : 1;
    struct node *first = &net.w.nodes[1 - small], *second = &net.w.nodes[small];
    cr_expect_eq(world_connect(first, NULL, &addrs[small], 1, PERMIT_TYPED).err, 0);
    cr_assert(until(net.w.loop, is_one_connection, &net));
    uint64_t before = connection_of(first, second);
    multiaddr_without_peer(&addrs[1 - small], &bare);
    cr_expect_eq(world_connect(second, NULL, &bare, 1, PERMIT_TYPED).err, 0);
    cr_assert(until(net.w.loop, is_one_connection, &net));
    uint64_t after = connection_of(first, second);
    cr_expect(after != 0 && after != before);
    cr_expect_eq(gossip_publish(net.gossips[0], "t", "hello", 5), 0);
    cr_assert(until(net.w.loop, is_heard_by_second, &net));
    for (size_t i = 0; i < 2; i++)
        gossip_free(net.gossips[i]);
    world_clear(&net.w);
}
