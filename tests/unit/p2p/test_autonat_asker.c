/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/autonat_asker.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/harness.h"

static struct addr ip(const char *text)
{
    struct addr a;
    cr_assert_eq(addr_ip(text, strlen(text), 4001, &a), 0);
    return a;
}

static struct multiaddr parsed(const char *text)
{
    struct multiaddr a;
    cr_assert_eq(multiaddr_parse(text, strlen(text), &a, NULL), 0, "%s", text);
    return a;
}

/* Peer number i, of an address. */
static struct autonat_asker asker(unsigned i, const char *from)
{
    struct autonat_asker a = {.peer = {.len = 4}, .from = ip(from)};
    memcpy(a.peer.bytes, &(uint32_t){i}, 4);
    return a;
}

BEAM_TEST(autonat_asker, is_one_that_nobody_is_between)
{
    const struct multiaddr at = parsed("/ip4/192.0.2.7/tcp/4001"), none = {.len = 0};
    struct autonat_asker who = {.peer = {.len = 0}}, a = asker(1, "192.0.2.7");
    struct host_peer peer = {.id = &a.peer, .addr = &at, .way = WAY_DIRECT};
    cr_assert(autonat_asker_of(&peer, &who));
    cr_expect(peer_id_equal(&who.peer, &a.peer));
    cr_expect_eq(addr_port(&who.from), 4001);
    peer.way = WAY_CIRCUIT;
    cr_expect(!autonat_asker_of(&peer, &who));
    peer.way = WAY_ONION;
    cr_expect(!autonat_asker_of(&peer, &who));
    peer.way = WAY_DIRECT;
    peer.addr = &none;
    cr_expect(!autonat_asker_of(&peer, &who));
}

BEAM_TEST(autonat_asker, owns_its_ip_address_and_no_other)
{
    static const struct {
        const char *addr, *from;
        bool own;
    } rows[] = {
        {"/ip4/192.0.2.7/tcp/1", "192.0.2.7", true},
        {"/ip4/192.0.2.8/tcp/1", "192.0.2.7", false},
        {"/ip6/2001:db8::7/tcp/1", "2001:db8::7", true},
        {"/ip6/2001:db8::8/tcp/1", "2001:db8::7", false},
        {"/ip6/2001:db8::8/tcp/1", "192.0.2.7", false},
        {"/ip4/192.0.2.7/udp/1/quic-v1", "192.0.2.7", false},
        {"/dns4/alice.example/tcp/1", "192.0.2.7", false},
        {"/ip4/10.0.0.7/tcp/1", "10.0.0.7", false}, /* which no permit covers as learned */
        {"/ip4/127.0.0.1/tcp/1", "127.0.0.1", false},
    };
    struct policy policy;
    struct permit *permit;
    cr_assert_eq(policy_ad_hoc(POLICY_ONION, POLICY_EGRESS_ANY, &policy), 0);
    cr_assert_eq(permit_new(&policy, &permit), 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct autonat_asker a = asker(1, rows[i].from);
        const struct multiaddr addr = parsed(rows[i].addr);
        const struct autonat_view v = {addr.bytes, addr.len};
        struct dial_target to = {.addr = {.len = 0}};
        cr_expect_eq(autonat_asker_owns(&a, permit, &v, &to), rows[i].own, "%s", rows[i].addr);
        cr_expect_eq(to.addr.len > 0, rows[i].own);
    }
    const struct autonat_asker a = asker(1, "192.0.2.7");
    const struct autonat_view bad = {(const uint8_t *)"\004\001", 2};
    const struct multiaddr named =
        parsed("/ip4/192.0.2.7/tcp/1/p2p/12D3KooWRBhwfeP2Y4TCx1SM6s9rUoHhR5STiGwxBhgFRcw3UERE");
    const struct autonat_view others = {named.bytes, named.len};
    struct dial_target to;
    cr_expect(!autonat_asker_owns(&a, permit, &bad, &to));
    cr_expect(!autonat_asker_owns(&a, permit, &others, &to), "another peer is said to be there");
    permit_free(permit);
}

BEAM_TEST(autonat_asker, does_not_take_all_seats)
{
    struct autonat_askers all = {.next = 0};
    struct autonat_asker a = asker(1, "192.0.2.7");
    int seats[AUTONAT_ASKERS_AT_ONCE];
    for (int i = 0; i < AUTONAT_ASKERS_EACH; i++)
        cr_assert_geq(seats[i] = autonat_askers_sit(&all, &a), 0);
    cr_expect_eq(autonat_askers_sit(&all, &a), BEAM_ELIMIT);
    struct autonat_asker moved = asker(1, "203.0.113.99"), neighbour = asker(2, "192.0.2.8");
    cr_expect_eq(autonat_askers_sit(&all, &moved), BEAM_ELIMIT, "the same peer");
    cr_expect_eq(autonat_askers_sit(&all, &neighbour), BEAM_ELIMIT, "the same network");
    for (int i = AUTONAT_ASKERS_EACH; i < AUTONAT_ASKERS_AT_ONCE; i++) {
        char text[32];
        (void)snprintf(text, sizeof(text), "198.51.%d.1", i);
        struct autonat_asker other = asker((unsigned)i + 10, text);
        cr_assert_geq(seats[i] = autonat_askers_sit(&all, &other), 0);
    }
    struct autonat_asker late = asker(99, "203.0.113.1");
    cr_expect_eq(autonat_askers_sit(&all, &late), BEAM_ELIMIT);
    autonat_askers_leave(&all, seats[0]);
    cr_expect_eq(autonat_askers_sit(&all, &late), seats[0]);
}

BEAM_TEST(autonat_asker, is_of_a_network)
{
    static const struct {
        const char *asks, *comes;
        bool same;
    } rows[] = {
        {"192.0.2.7", "192.0.2.99", true},
        {"192.0.2.7", "192.0.3.7", false},
        {"2001:db8:1:1::7", "2001:db8:1:2::8", true},
        {"2001:db8:1:1::7", "2001:db8:2:1::7", false},
        {"192.0.2.7", "2001:db8:1:1::7", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct autonat_askers all = {.next = 0};
        for (unsigned k = 0; k < AUTONAT_ASKERS_EACH; k++) {
            struct autonat_asker a = asker(k, rows[i].asks);
            cr_assert_geq(autonat_askers_sit(&all, &a), 0);
        }
        struct autonat_asker late = asker(99, rows[i].comes);
        cr_expect_eq(autonat_askers_sit(&all, &late) < 0, rows[i].same, "%s", rows[i].comes);
    }
}

BEAM_TEST(autonat_asker, is_dialled_so_often_a_minute)
{
    struct autonat_askers all = {.next = 0};
    uint64_t now = 5000;
    for (unsigned i = 0; i < AUTONAT_ASKERS_A_MINUTE; i++) {
        char text[32];
        (void)snprintf(text, sizeof(text), "198.51.%u.%u", i / AUTONAT_ASKERS_NETWORK,
                       i / AUTONAT_ASKERS_EACH);
        struct autonat_asker a = asker(i, text);
        cr_expect(autonat_askers_dial(&all, &a, now), "%u", i);
        if (i == AUTONAT_ASKERS_EACH - 1)
            cr_expect(!autonat_askers_dial(&all, &a, now), "one too many for an address");
    }
    struct autonat_asker late = asker(99, "203.0.113.1");
    cr_expect(!autonat_askers_dial(&all, &late, now + 59999), "one too many for all");
    cr_expect(autonat_askers_dial(&all, &late, now + 60000));
}

BEAM_TEST(autonat_asker, has_a_share_of_its_networks_dials)
{
    struct autonat_askers all = {.next = 0};
    char text[32];
    for (unsigned i = 0; i < AUTONAT_ASKERS_NETWORK; i++) {
        (void)snprintf(text, sizeof(text), "198.51.100.%u", i + 1);
        struct autonat_asker a = asker(i, text);
        cr_expect(autonat_askers_dial(&all, &a, 5000), "%u", i);
    }
    struct autonat_asker neighbour = asker(98, "198.51.100.99"), other = asker(99, "198.51.101.1");
    cr_expect(!autonat_askers_dial(&all, &neighbour, 5000), "one too many for a network");
    cr_expect(autonat_askers_dial(&all, &other, 5000));
    cr_expect(autonat_askers_dial(&all, &neighbour, 65000));
}
