/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/way.h"

#include <string.h>

#include "tests/unit/harness.h"

#define ONION "vww6ybal4bd7szmgncyruucpgfkqahzddi37ktceo3ah7ngmcopnpyyd"
#define PEER  "/p2p/12D3KooWRBhwfeP2Y4TCx1SM6s9rUoHhR5STiGwxBhgFRcw3UERE"

/* What is found under tor, lan and any, for a typed address and a learned one: d(irect), o(nion),
 * e(xit), - refused, ? not spoken. */
static const struct {
    const char *text, *typed, *learned;
} rows[] = {
    {"/ip4/127.0.0.1/tcp/1", "ddd", "---"},
    {"/ip6/::1/tcp/1" PEER, "ddd", "---"},
    {"/ip4/10.0.0.1/tcp/1", "-dd", "---"},
    {"/ip4/192.0.2.1/tcp/1", "eed", "eed"},
    {"/ip6/2001:db8::1/tcp/1", "eed", "eed"},
    {"/ip4/0.0.0.0/tcp/1", "--d", "---"},
    {"/dns/example.org/tcp/1" PEER, "eee", "eee"},
    {"/dns4/example.org/tcp/1", "eee", "eee"},
    {"/onion3/" ONION ":4001" PEER, "ooo", "ooo"},
    {"/ip4/192.0.2.1/tcp/0", "???", "???"},
    {"/ip4/192.0.2.1/udp/1", "???", "???"},
    {"/ip4/192.0.2.1/udp/1/quic-v1", "???", "???"},
    {"/ip4/192.0.2.1/tcp/1/ws", "???", "???"},
    {"/ip4/192.0.2.1", "???", "???"},
    {"/ip4/192.0.2.1/tcp/1" PEER "/p2p-circuit", "???", "???"},
    {PEER, "???", "???"},
};

static char letter(int err, enum way way)
{
    if (err == BEAM_EPOLICY)
        return '-';
    if (err == BEAM_EINVAL)
        return '?';
    return err == 0 ? way_name(way)[0] : '!';
}

static struct multiaddr address(const char *text)
{
    struct multiaddr a;
    struct beam_why why = {0};
    cr_assert_eq(multiaddr_parse(text, strlen(text), &a, &why), 0, "%s: %s", text, why.text);
    return a;
}

BEAM_TEST(way, is_what_the_permit_covers)
{
    static const enum policy_egress egresses[] = {POLICY_EGRESS_TOR, POLICY_EGRESS_LAN,
                                                  POLICY_EGRESS_ANY};
    for (size_t e = 0; e < 3; e++) {
        struct policy policy;
        struct permit *p = NULL;
        cr_assert_eq(policy_ad_hoc(POLICY_ONION, egresses[e], &policy), 0);
        cr_assert_eq(permit_new(&policy, &p), 0);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
            struct multiaddr a = address(rows[i].text);
            struct way_target t = {0};
            struct beam_why why = {0};
            int err = way_find(&a, p, PERMIT_TYPED, WAY_BY_TOR, &t, &why);
            cr_expect_eq(letter(err, t.way), rows[i].typed[e], "%s typed, %zu: %s", rows[i].text, e,
                         why.text);
            cr_expect(err == 0 || why.text[0]);
            err = way_find(&a, p, PERMIT_LEARNED, WAY_BY_TOR, &t, &why);
            cr_expect_eq(letter(err, t.way), rows[i].learned[e], "%s learned, %zu", rows[i].text,
                         e);
        }
        permit_free(p);
    }
}

BEAM_TEST(way, without_tor_there_is_none_through_it)
{
    struct permit *p = NULL;
    struct way_target t;
    struct multiaddr onion = address("/onion3/" ONION ":4001"), name = address("/dns/a.org/tcp/1"),
                     far = address("/ip4/192.0.2.1/tcp/1"), here = address("/ip4/127.0.0.1/tcp/1");
    cr_assert_eq(permit_new_local(&p), 0);
    cr_expect_eq(way_find(&onion, p, PERMIT_TYPED, WAY_BY_TOR, &t, NULL), BEAM_EPOLICY);
    permit_free(p);

    struct policy policy;
    p = NULL;
    cr_assert_eq(policy_ad_hoc(POLICY_ONION, POLICY_EGRESS_TOR, &policy), 0);
    cr_assert_eq(permit_new(&policy, &p), 0);
    cr_expect_eq(way_find(&onion, p, PERMIT_TYPED, 0, &t, NULL), BEAM_EPOLICY);
    cr_expect_eq(way_find(&name, p, PERMIT_TYPED, 0, &t, NULL), BEAM_EPOLICY);
    cr_expect_eq(way_find(&far, p, PERMIT_TYPED, 0, &t, NULL), BEAM_EPOLICY);
    cr_expect_eq(way_find(&here, p, PERMIT_TYPED, 0, &t, NULL), 0);
    permit_free(p);
}

BEAM_TEST(way, names_its_destination)
{
    static const struct {
        const char *text, *host;
        uint16_t port;
    } to[] = {
        {"/onion3/" ONION ":4001", ONION ".onion", 4001},
        {"/dns6/example.org/tcp/443", "example.org", 443},
        {"/ip4/192.0.2.1/tcp/65535", "192.0.2.1", 65535},
        {"/ip6/2001:db8::1/tcp/1", "2001:db8::1", 1},
    };
    struct policy policy;
    struct permit *p = NULL;
    cr_assert_eq(policy_ad_hoc(POLICY_ONION, POLICY_EGRESS_TOR, &policy), 0);
    cr_assert_eq(permit_new(&policy, &p), 0);
    for (size_t i = 0; i < sizeof(to) / sizeof(to[0]); i++) {
        struct multiaddr a = address(to[i].text);
        struct way_target t = {0};
        cr_expect_eq(way_find(&a, p, PERMIT_LEARNED, WAY_BY_TOR, &t, NULL), 0, "%s", to[i].text);
        cr_expect_str_eq(t.host, to[i].host);
        cr_expect_eq(t.port, to[i].port);
        cr_expect_eq(t.origin, PERMIT_LEARNED);
    }
    permit_free(p);
}

BEAM_TEST(way, nearer_ones_come_first)
{
    static const char *const order[] = {
        "/ip6/::1/tcp/1",      "/ip4/127.0.0.1/tcp/1",   "/ip6/fd00::1/tcp/1",
        "/ip4/10.0.0.1/tcp/1", "/ip6/2001:db8::1/tcp/1", "/ip4/192.0.2.1/tcp/1",
        "/onion3/" ONION ":1", "/dns/example.org/tcp/1",
    };
    enum { N = sizeof(order) / sizeof(order[0]) };
    struct way_target t[N] = {0};
    struct policy policy;
    struct permit *p = NULL;
    cr_assert_eq(policy_ad_hoc(POLICY_ONION, POLICY_EGRESS_ANY, &policy), 0);
    cr_assert_eq(permit_new(&policy, &p), 0);
    for (size_t i = 0; i < N; i++) {
        struct multiaddr a = address(order[i]);
        cr_expect_eq(way_find(&a, p, PERMIT_TYPED, WAY_BY_TOR, &t[i], NULL), 0, "%s", order[i]);
        for (size_t j = 0; j < i; j++)
            cr_expect_lt(way_compare(&t[j], &t[i]), 0, "%s, %s", order[j], order[i]);
        cr_expect_eq(way_compare(&t[i], &t[i]), 0);
    }
    permit_free(p);
}

#define RELAY "12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeSB"
#define FAR   "12D3KooWAQVwJ4xPrx9tBvB66uFjZQQXEqC2eLuNWVk5jtKfcjFm"

BEAM_TEST(way, a_circuit_is_judged_by_the_way_to_its_relay)
{
    static const struct {
        const char *text;
        enum policy_egress egress;
        enum permit_origin origin;
        int err;
    } to[] = {
        {"/ip4/192.0.2.1/tcp/1/p2p/" RELAY "/p2p-circuit/p2p/" FAR, POLICY_EGRESS_ANY,
         PERMIT_LEARNED, 0},
        {"/ip4/192.0.2.1/tcp/1/p2p/" RELAY "/p2p-circuit", POLICY_EGRESS_ANY, PERMIT_LEARNED, 0},
        {"/p2p/" RELAY "/p2p-circuit/p2p/" FAR, POLICY_EGRESS_TOR, PERMIT_LEARNED, 0},
        {"/onion3/" ONION ":1/p2p/" RELAY "/p2p-circuit/p2p/" FAR, POLICY_EGRESS_TOR,
         PERMIT_LEARNED, 0},
        {"/ip4/192.0.2.1/tcp/1/p2p/" RELAY "/p2p-circuit/p2p/" FAR, POLICY_EGRESS_TOR,
         PERMIT_LEARNED, 0},
        {"/ip4/10.0.0.1/tcp/1/p2p/" RELAY "/p2p-circuit/p2p/" FAR, POLICY_EGRESS_TOR, PERMIT_TYPED,
         BEAM_EPOLICY},
        {"/ip4/127.0.0.1/tcp/1/p2p/" RELAY "/p2p-circuit/p2p/" FAR, POLICY_EGRESS_ANY,
         PERMIT_LEARNED, BEAM_EPOLICY},
        {"/ip4/192.0.2.1/udp/1/quic-v1/p2p/" RELAY "/p2p-circuit/p2p/" FAR, POLICY_EGRESS_ANY,
         PERMIT_TYPED, BEAM_EINVAL},
        {"/ip4/192.0.2.1/tcp/1/p2p-circuit/p2p/" FAR, POLICY_EGRESS_ANY, PERMIT_TYPED, BEAM_EINVAL},
        {"/p2p-circuit/p2p/" FAR, POLICY_EGRESS_ANY, PERMIT_TYPED, BEAM_EINVAL},
        {"/p2p/" RELAY "/p2p-circuit/p2p/" FAR "/p2p-circuit/p2p/" FAR, POLICY_EGRESS_ANY,
         PERMIT_TYPED, BEAM_EINVAL},
        {"/p2p/" RELAY "/p2p-circuit/ip4/192.0.2.1/tcp/1", POLICY_EGRESS_ANY, PERMIT_TYPED,
         BEAM_EINVAL},
    };
    for (size_t i = 0; i < sizeof(to) / sizeof(to[0]); i++) {
        struct policy policy;
        struct permit *p = NULL;
        struct multiaddr a = address(to[i].text);
        struct way_target t = {0};
        cr_assert_eq(policy_ad_hoc(POLICY_ONION, to[i].egress, &policy), 0);
        cr_assert_eq(permit_new(&policy, &p), 0);
        int err = way_find(&a, p, to[i].origin, WAY_BY_TOR | WAY_BY_CIRCUIT, &t, NULL);
        cr_expect_eq(err, to[i].err, "%s: %d", to[i].text, err);
        if (err == 0)
            cr_expect_eq(t.way, WAY_CIRCUIT);
        cr_expect_lt(way_find(&a, p, to[i].origin, WAY_BY_TOR, &t, NULL), 0, "%s: without relays",
                     to[i].text);
        permit_free(p);
    }
}

BEAM_TEST(way, the_relay_of_a_circuit_is_read)
{
    struct multiaddr a = address("/ip4/192.0.2.1/tcp/1/p2p/" RELAY "/p2p-circuit/p2p/" FAR),
                     at = address("/ip4/192.0.2.1/tcp/1"),
                     bare = address("/p2p/" RELAY "/p2p-circuit"), plain = address("/p2p/" RELAY);
    struct way_hop hop;
    char text[PEER_ID_TEXT_SIZE];
    cr_assert_eq(way_hop(&a, &hop), 0);
    peer_id_text(&hop.relay, text);
    cr_expect_str_eq(text, RELAY);
    cr_expect(multiaddr_equal(&hop.at, &at));
    cr_assert_eq(way_hop(&bare, &hop), 0);
    cr_expect_eq(hop.at.len, 0);
    cr_expect_eq(way_hop(&plain, &hop), BEAM_EINVAL);
    cr_expect_eq(way_hop(&at, &hop), BEAM_EINVAL);
}

BEAM_TEST(way, what_nobody_can_be_reached_at)
{
    static const struct {
        const char *text;
        int err;
    } all[] = {
        {"/ip4/10.1.2.3/tcp/4001", 0},
        {"/ip6/::1/tcp/4001/p2p/" FAR, 0},
        {"/dns4/relay.example/tcp/443/p2p/" FAR, 0},
        {"/ip4/192.0.2.1/tcp/1/p2p/" RELAY "/p2p-circuit/p2p/" FAR, 0},
        {"/ip4/0.0.0.0/tcp/4001", BEAM_EINVAL},
        {"/ip6/::/tcp/4001", BEAM_EINVAL},
        {"/ip4/127.0.0.1/tcp/0", BEAM_EINVAL},
        {"/ip4/127.0.0.1", BEAM_EINVAL},
        {"/ip4/127.0.0.1/udp/4001/quic-v1", BEAM_EINVAL},
        {"/ip4/127.0.0.1/tcp/4001/ws", BEAM_EINVAL},
        {"/p2p/" FAR, BEAM_EINVAL},
        {"/p2p/" RELAY "/p2p-circuit/p2p/" FAR, BEAM_EINVAL},
        {"/ip4/0.0.0.0/tcp/1/p2p/" RELAY "/p2p-circuit/p2p/" FAR, BEAM_EINVAL},
    };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct multiaddr a = address(all[i].text);
        struct beam_why why = {.code = 0};
        cr_expect_eq(way_dialable(&a, &why), all[i].err, "%s", all[i].text);
        cr_expect_eq(why.code, all[i].err);
    }
}

/* Whatever follows: what begins with an IP address is at that. */
BEAM_TEST(way, what_means_something_elsewhere)
{
    static const char *const public[] = {"/ip4/1.2.3.4/tcp/1", "/ip4/1.2.3.4/udp/1/quic-v1",
                                         "/ip4/1.2.3.4", "/dns/example.org/tcp/1",
                                         "/onion3/" ONION ":4001"},
                             *const private[] = {"/ip4/10.0.0.1/tcp/1", "/ip4/10.0.0.1/tcp/0",
                                                 "/ip4/127.0.0.1/udp/1/quic-v1", "/ip6/::1",
                                                 "/ip6zone/eth0/ip6/fe80::1/tcp/1"},
                             *const none[] = {"/ip4/0.0.0.0/tcp/1", "/ip6/::"};
    for (size_t i = 0; i < 5; i++) {
        struct multiaddr elsewhere = address(public[i]), here = address(private[i]);
        cr_expect(way_public(&elsewhere, false), "%s", public[i]);
        cr_expect(way_public(&elsewhere, true), "%s", public[i]);
        cr_expect_not(way_public(&here, false), "%s", private[i]);
        cr_expect(way_public(&here, true), "%s", private[i]);
    }
    for (size_t i = 0; i < 2; i++) {
        struct multiaddr a = address(none[i]);
        cr_expect_not(way_public(&a, true), "%s", none[i]);
    }
    cr_expect_not(way_public(&(struct multiaddr){.len = 0}, true));
}
