/* SPDX-License-Identifier: BSD-3-Clause */
#include "gossip/gossip.h"

#include <sodium.h>
#include <string.h>

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
    cr_expect(until(net.w.loop, is_in_mesh, &net), "each is in the mesh of its neighbours");
    cr_expect_eq(gossip_publish(net.gossips[0], "t", "hello", 5), 0);
    cr_expect(until(net.w.loop, is_heard_by_all, &net), "all others hear it");
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

BEAM_TEST(gossip, a_peer_that_left_is_forgotten_and_comes_again)
{
    struct net net;
    struct ear ears[NODES];
    set_up(&net, ears);
    cr_expect(until(net.w.loop, is_in_mesh, &net));
    struct node *last = &net.w.nodes[NODES - 1];
    host_disconnect(last->host, host_id(net.w.nodes[NODES - 2].host));
    cr_expect(until(net.w.loop, is_alone, net.gossips[NODES - 1]));
    struct multiaddr addr = *host_addr(net.w.nodes[NODES - 2].host, 0);
    cr_expect_eq(world_connect(last, NULL, &addr, 1, PERMIT_TYPED).err, 0);
    cr_expect(until(net.w.loop, has_company, net.gossips[NODES - 1]));
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

/* ---- a peer that misbehaves ----------------------------------------------------------------- */

/* It takes streams and says nothing on them, and writes what it likes on its own. */
struct rogue {
    struct net net;
    struct gossip *honest;
    struct node *node;
    struct multiaddr addr;
    struct stream *taken[16], *own;
    size_t n;
    struct buf in;
    int end; /* of the stream it wrote to; 0: it goes on */
};

static void on_taken(void *arg, struct stream *s, const struct host_peer *peer)
{
    struct rogue *r = arg;
    (void)peer;
    cr_assert_lt(r->n, 16);
    r->taken[r->n++] = s;
}

static bool has_ended(void *arg)
{
    struct rogue *r = arg;
    ssize_t got = stream_read(r->own, &r->in, 100);
    if (got < 0 && got != BEAM_EAGAIN)
        r->end = (int)got;
    return r->end != 0;
}

static void rogue_start(struct rogue *r)
{
    memset(r, 0, sizeof(*r));
    world_init(&r->net.w);
    struct node *n = world_add(&r->net.w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    r->node = world_add(&r->net.w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    r->honest = start(&r->net, n, true);
    r->addr = world_listen(n);
    buf_init(&r->in, loop_pool(r->net.w.loop), 4096);
    cr_assert_eq(host_handle(r->node->host, GOSSIP_PROTOCOL, on_taken, r), 0);
}

/* Writes these bytes to a stream of its own. */
static void rogue_say(struct rogue *r, const void *bytes, size_t len)
{
    static const char *const protocol[] = {GOSSIP_PROTOCOL};
    const struct connect_spec spec = {.addrs = &r->addr, .n = 1, .origin = PERMIT_TYPED};
    struct asked_of a = {.done = false};
    struct open *o;
    struct buf out;
    cr_assert_eq(open_start(r->node->host, &spec, protocol, 1, world_on_open, &a, &o), 0);
    cr_assert(until_flag(r->net.w.loop, &a.done));
    cr_assert_eq(a.err, 0);
    stream_free(r->own);
    r->own = a.stream;
    r->end = 0;
    buf_init(&out, loop_pool(r->net.w.loop), 4096);
    cr_assert_eq(buf_add(&out, bytes, len), 0);
    (void)stream_write(r->own, &out); /* it may have been reset already */
    buf_clear(&out);
}

static void rogue_end(struct rogue *r)
{
    stream_free(r->own);
    for (size_t i = 0; i < r->n; i++)
        stream_free(r->taken[i]);
    buf_clear(&r->in);
    gossip_free(r->honest);
    world_clear(&r->net.w);
}

BEAM_TEST(gossip, who_misbehaves_is_not_listened_to_any_more)
{
    struct rogue r;
    rogue_start(&r);
    rogue_say(&r, "\2\x1a\0", 3);
    cr_expect(until(r.net.w.loop, has_company, r.honest), "it is a peer at first");
    for (int i = 0; i < 5; i++) {
        rogue_say(&r, "\2\xff\xff", 3);
        cr_expect(until(r.net.w.loop, has_ended, &r), "what is no RPC ends its stream");
    }
    cr_expect(until(r.net.w.loop, is_alone, r.honest), "and then it is none");
    rogue_say(&r, "\2\x1a\0", 3);
    cr_expect(until(r.net.w.loop, has_ended, &r), "whatever it says now");
    cr_expect_eq(gossip_peers(r.honest), 0);
    rogue_end(&r);
}

BEAM_TEST(gossip, an_rpc_that_is_too_long_ends_its_stream)
{
    struct rogue r;
    rogue_start(&r);
    rogue_say(&r, "\x81\x80\x08", 3); /* 128 KiB and one byte */
    cr_expect(until(r.net.w.loop, has_ended, &r));
    rogue_end(&r);
}
