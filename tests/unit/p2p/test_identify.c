/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/identify.h"

#include <string.h>

#include "identity/peer_record.h"
#include "p2p/identify_message.h"
#include "tests/unit/p2p/world.h"

static uint8_t told[IDENTIFY_MESSAGE_MAX + 3];
static struct identify_message m;
static struct peer_record record;

static bool has(const struct identify_view *v, const char *text)
{
    return v->at && v->len == strlen(text) && memcmp(v->at, text, v->len) == 0;
}

static bool speaks(const char *protocol)
{
    for (size_t i = 0; i < m.protocol_count; i++)
        if (has(&m.protocols[i], protocol))
            return true;
    return false;
}

/* What a host tells the peer of its only connection. */
static void tell(struct node *n)
{
    size_t len = 0;
    cr_assert_not_null(n->host->pool.oldest);
    cr_assert_eq(identify_tell(n->host, n->host->pool.oldest, told, sizeof(told), &len), 0);
    cr_assert_eq(identify_message_decode(told, len, &m), 0);
    cr_assert_eq(peer_record_open(m.record.at, m.record.len, &record, NULL), 0);
    cr_assert(peer_id_equal(&record.id, host_id(n->host)));
    cr_assert_eq(record.n, m.addr_count, "the record has what the message has");
}

static void join(struct node *from, struct node *to, const struct multiaddr *at)
{
    struct asked_of a = world_connect(from, NULL, at, 1, PERMIT_TYPED);
    cr_assert_eq(a.err, 0, "%s", a.why.text);
    cr_assert(world_peers(to, 1));
}

static bool identified(void *arg)
{
    struct node *n = arg;
    return n->host->pool.oldest && n->host->pool.oldest->owner->identified;
}

BEAM_TEST(identify, an_anonymous_host_tells_its_onion_and_no_more)
{
    struct world w;
    world_init(&w);
    struct node *alice = world_add(&w, HOST_ANONYMOUS, POLICY_EGRESS_TOR, NULL);
    struct node *bob = world_add(&w, HOST_ANONYMOUS, POLICY_EGRESS_TOR, NULL);
    struct multiaddr at = world_listen(bob), onion = world_onion(bob),
                     name = world_addr("/dns/home.example.org/tcp/4001"), addr;
    cr_assert_eq(host_announce(bob->host, &bob->onion, true), 0);
    cr_assert_eq(host_announce(bob->host, &name, true), 0);
    join(alice, bob, &at);
    tell(bob);
    cr_expect(has(&m.agent, "beam"));
    cr_expect_null(m.version.at);
    cr_expect_null(m.observed.at, "nobody is told what he looks like");
    cr_assert_eq(m.addr_count, 1u);
    cr_assert_eq(multiaddr_decode(m.addrs[0].at, m.addrs[0].len, &addr, NULL), 0);
    cr_expect(multiaddr_equal(&addr, &bob->onion));
    cr_expect(multiaddr_equal(&record.addrs[0], &bob->onion));
    uint64_t hour = UINT64_C(3600) * 1000;
    cr_expect_eq(record.seq >> 16, clock_system()->wall_ms(NULL) / hour, "hours, and a count");
    cr_expect(speaks(IDENTIFY_PROTOCOL));
    (void)onion;
    world_clear(&w);
}

BEAM_TEST(identify, an_open_host_tells_what_its_peer_can_use)
{
    struct world w;
    world_init(&w);
    struct node *alice = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct node *bob = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct node *carol = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct multiaddr at = world_listen(bob), onion = world_onion(bob), seen;
    struct multiaddr lan = world_addr("/ip4/10.0.0.7/tcp/4001"),
                     far = world_addr("/ip4/192.0.2.7/tcp/4001");
    cr_assert_eq(host_announce(bob->host, &lan, true), 0);
    cr_assert_eq(host_announce(bob->host, &far, true), 0);
    join(alice, bob, &at);
    tell(bob);
    cr_expect(has(&m.agent, "beam/9.9.9"));
    cr_expect_eq(m.addr_count, 3u, "a neighbour on this machine can use all of them");
    cr_assert_eq(multiaddr_decode(m.observed.at, m.observed.len, &seen, NULL), 0);
    cr_expect(multiaddr_equal(&seen, &bob->host->pool.oldest->spec.addr));
    host_disconnect(bob->host, host_id(alice->host));
    cr_assert(world_peers(bob, 0));
    cr_assert(world_peers(alice, 0));

    join(carol, bob, &onion);
    tell(bob);
    cr_expect_eq(m.addr_count, 1u, "one who comes by an onion is told of public ones alone");
    cr_expect_null(m.observed.at, "an onion's visitor is nowhere");
    world_clear(&w);
}

BEAM_TEST(identify, what_was_told_is_known)
{
    struct world w;
    struct host_peer peer;
    world_init(&w);
    struct node *alice = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct node *bob = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct multiaddr at = world_onion(bob);
    cr_assert_eq(host_announce(bob->host, &bob->onion, true), 0);
    join(alice, bob, &at);
    cr_assert(until(w.loop, identified, alice));
    cr_assert(host_find(alice->host, host_id(bob->host), &peer));
    cr_expect_str_eq(peer.agent, "beam/9.9.9");
    cr_expect(host_speaks(alice->host, host_id(bob->host), PING_PROTOCOL));
    cr_expect(!host_speaks(alice->host, host_id(bob->host), "/none/1"));
    host_disconnect(alice->host, host_id(bob->host));
    cr_assert(world_peers(bob, 0));
    struct asked_of a = world_connect(alice, host_id(bob->host), NULL, 0, PERMIT_LEARNED);
    cr_expect_eq(a.err, 0, "by the address that it told: %s", a.why.text);
    world_clear(&w);
}

struct learned {
    struct node *node;
    const struct peer_id *of;
    size_t n;
};

static bool has_learned(void *arg)
{
    struct learned *l = arg;
    struct address_book_row rows[ADDRESS_BOOK_PER_PEER];
    uint64_t now = loop_now(l->node->world->loop);
    return address_book_get(l->node->host->book, l->of, now, rows) == l->n;
}

BEAM_TEST(identify, a_new_address_is_pushed)
{
    struct world w;
    world_init(&w);
    struct node *alice = world_add(&w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct node *bob = world_add(&w, HOST_ANONYMOUS, POLICY_EGRESS_TOR, NULL);
    struct multiaddr at = world_onion(bob), other = world_addr("/ip4/192.0.2.7/tcp/4001");
    struct learned learned = {alice, host_id(bob->host), 1}; /* where it was reached */
    join(alice, bob, &at);
    cr_assert(until(w.loop, identified, alice));
    cr_assert(until(w.loop, identified, bob));
    cr_expect(has_learned(&learned));
    cr_assert_eq(host_announce(bob->host, &other, true), 0); /* which it tells nobody */
    (void)world_onion(bob); /* it is reached elsewhere now, and no longer where it was */
    cr_assert_eq(host_announce(bob->host, &bob->onion, true), 0);
    learned.n = 2;
    cr_assert(until(w.loop, has_learned, &learned));
    host_disconnect(alice->host, host_id(bob->host));
    cr_assert(world_peers(bob, 0));
    struct asked_of a = world_connect(alice, host_id(bob->host), NULL, 0, PERMIT_LEARNED);
    cr_expect_eq(a.err, 0, "by the address that it told: %s", a.why.text);
    world_clear(&w);
}
