/* SPDX-License-Identifier: BSD-3-Clause */
#include "circuit/tenant.h"

#include <string.h>

#include "circuit/voucher.h"
#include "tests/unit/circuit/ring.h"

/* A relay that grants, in its own way. */
struct lord {
    struct node *node;
    struct hop_message grant;
    uint8_t voucher[VOUCHER_MAX];
    struct stream *s;
    struct buf out;
    size_t times;
};

static void on_question(void *arg, struct stream *s, const struct host_peer *peer)
{
    struct lord *l = arg;
    uint8_t bytes[2 + HOP_MESSAGE_MAX];
    size_t len = 0;
    (void)peer;
    l->times++;
    stream_free(l->s);
    l->s = s;
    cr_assert_eq(hop_message_encode(HOP_SIDE, &l->grant, bytes + 2, HOP_MESSAGE_MAX, &len), 0);
    bytes[0] = (uint8_t)(len | 0x80);
    bytes[1] = (uint8_t)(len >> 7);
    cr_assert_geq(len, 128u);
    buf_clear(&l->out);
    cr_assert_eq(buf_add(&l->out, bytes, 2 + len), 0);
    (void)stream_write(s, &l->out);
    (void)stream_shut(s);
}

struct court {
    struct ring ring;
    struct lord lord;
    struct node *alice;
    struct multiaddr at;
    struct tenant *tenant;
};

/* `vouched` is whom the voucher is for. */
static void court_init(struct court *c, bool vouched_for_another)
{
    memset(c, 0, sizeof(*c));
    ring_init(&c->ring);
    struct world *w = &c->ring.world;
    struct lord *l = &c->lord;
    l->node = world_add(w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    c->alice = ring_user(&c->ring, HOST_OPEN, POLICY_EGRESS_ANY);
    c->at = world_listen(l->node);
    const struct peer_id *whom = host_id(vouched_for_another ? l->node->host : c->alice->host);
    const struct voucher v = {.peer = *whom, .expires = 77};
    l->grant = (struct hop_message){.type = HOP_STATUS,
                                    .status = HOP_OK,
                                    .has_reservation = true,
                                    .expire = UINT64_C(5000000000),
                                    .voucher = l->voucher};
    cr_assert_eq(
        voucher_seal(l->node->key, &v, l->voucher, sizeof(l->voucher), &l->grant.voucher_len), 0);
    buf_init(&l->out, loop_pool(w->loop), HOP_MESSAGE_MAX + 2);
    cr_assert_eq(host_handle(l->node->host, HOP_PROTOCOL, on_question, l), 0);
    const struct tenant_spec spec = {
        .loop = w->loop, .host = c->alice->host, .rng = &w->rng, .clock = clock_system()};
    cr_assert_eq(tenant_new(&spec, &c->at, &c->tenant), 0);
}

static void court_clear(struct court *c)
{
    tenant_free(c->tenant);
    stream_free(c->lord.s);
    buf_clear(&c->lord.out);
    ring_clear(&c->ring);
}

static bool holds(void *arg)
{
    const struct court *c = arg;
    struct peer_id relay;
    struct multiaddr addr;
    return tenant_holds(c->tenant, &relay, &addr);
}

static bool holds_none(void *arg)
{
    return !holds(arg);
}

static bool asked_twice(void *arg)
{
    const struct court *c = arg;
    return c->lord.times >= 2;
}

static bool announces(const struct court *c, const char *text)
{
    struct multiaddr want = world_addr(text);
    const struct multiaddr *a;
    struct multiaddr_part part;
    for (size_t i = 0; (a = host_addr(c->alice->host, i)); i++) {
        size_t pos = 0, end = 0;
        while (multiaddr_next(a, &pos, &part) && part.code != MULTIADDR_P2P)
            end = pos;
        if (end == want.len && memcmp(a->bytes, want.bytes, end) == 0)
            return true;
    }
    return false;
}

/* What is private, another's, or a circuit's itself, leads nobody here. */
BEAM_TEST(tenant, announces_what_means_something_elsewhere)
{
    static struct court c;
    struct peer_id relay;
    struct multiaddr addr, other;
    court_init(&c, false);
    struct lord *l = &c.lord;
    const struct multiaddr public = world_addr("/ip4/192.0.2.1/tcp/4001");
    other = world_addr("/ip4/192.0.2.2/tcp/4001");
    cr_assert_eq(multiaddr_with_peer(&public, host_id(l->node->host), &l->grant.addrs[0]), 0);
    cr_assert_eq(multiaddr_with_peer(&other, host_id(c.alice->host), &l->grant.addrs[1]), 0);
    l->grant.addrs[2] = world_addr("/ip4/10.0.0.1/tcp/4001");
    l->grant.addrs[3] = world_addr("/ip4/0.0.0.0/tcp/4001");
    l->grant.addrs[4] = world_addr("/dns/relay.example.com/tcp/4001");
    l->grant.addrs[5] = public;
    l->grant.addr_count = 6;
    cr_assert(until(c.ring.world.loop, holds, &c));
    cr_assert(tenant_holds(c.tenant, &relay, &addr));
    cr_expect(peer_id_equal(&relay, host_id(l->node->host)));
    cr_expect(announces(&c, "/ip4/192.0.2.1/tcp/4001"));
    cr_expect(announces(&c, "/dns/relay.example.com/tcp/4001"));
    cr_expect_not_null(host_addr(c.alice->host, 2), "and that which was typed");
    cr_expect_null(host_addr(c.alice->host, 3));
    court_clear(&c);
}

BEAM_TEST(tenant, a_voucher_for_another_is_no_reservation)
{
    static struct court c;
    court_init(&c, true);
    cr_assert(until(c.ring.world.loop, asked_twice, &c), "it is asked for again");
    cr_expect(!holds(&c));
    cr_expect_null(host_addr(c.alice->host, 0));
    court_clear(&c);
}

BEAM_TEST(tenant, what_is_lost_is_asked_for_again)
{
    static struct court c;
    court_init(&c, false);
    cr_assert(until(c.ring.world.loop, holds, &c));
    cr_expect_eq(c.lord.times, 1u);
    host_disconnect(c.lord.node->host, host_id(c.alice->host));
    cr_assert(until(c.ring.world.loop, holds_none, &c));
    cr_expect_null(host_addr(c.alice->host, 0));
    cr_assert(until(c.ring.world.loop, holds, &c));
    cr_expect_eq(c.lord.times, 2u);
    court_clear(&c);
}
