/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/net.h"

#include <string.h>

#include "base/err.h"
#include "tests/unit/harness.h"

static struct net net(const char *text)
{
    struct net n;
    cr_assert_eq(net_parse(text, &n), 0, "%s", text);
    return n;
}

BEAM_TEST(net, has_one_text)
{
    static const char *const good[] = {"192.0.2.0/24", "192.0.2.7",     "0.0.0.0/0",
                                       "::/0",         "2001:db8::/32", "2001:db8::1"};
    static const char *const bad[] = {"",
                                      "/24",
                                      "192.0.2.7/24",
                                      "192.0.2.0/33",
                                      "2001:db8::/129",
                                      "2001:db8::1/64",
                                      "192.0.2.0/",
                                      "192.0.2.0/024",
                                      "[::1]",
                                      "example.com",
                                      "192.0.2.0/24 "};
    char text[NET_TEXT_SIZE];
    struct net n;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        n = net(good[i]);
        net_text(&n, text);
        cr_expect_str_eq(text, good[i]);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_expect_eq(net_parse(bad[i], &n), BEAM_EINVAL, "%s", bad[i]);
}

BEAM_TEST(net, an_address_mapped_into_ipv6_is_of_ipv4)
{
    struct addr a;
    struct net n, four = net("192.0.2.7");
    cr_assert_eq(addr_ip("::ffff:192.0.2.7", 16, 1, &a), 0);
    net_of(&a, &n);
    cr_expect_eq(memcmp(&n, &four, sizeof(n)), 0);
    net_of(NULL, &n);
    cr_expect_eq(n.version, 0);
    cr_assert_eq(addr_unix("/x", &a), 0);
    net_of(&a, &n);
    cr_expect_eq(n.version, 0);
}

BEAM_TEST(net, sources_are_a_24_and_a_48_and_never_this_machine)
{
    static const struct {
        const char *from, *source;
    } cases[] = {{"192.0.2.7", "192.0.2.0/24"},
                 {"2001:db8:1:2::3", "2001:db8:1::/48"},
                 {"127.0.0.1", NULL},
                 {"127.9.9.9", NULL},
                 {"::1", NULL}};
    char text[NET_TEXT_SIZE];
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct net from = net(cases[i].from), source;
        cr_assert_eq(net_source(&from, &source), cases[i].source != NULL, "%s", cases[i].from);
        if (!cases[i].source)
            continue;
        net_text(&source, text);
        cr_expect_str_eq(text, cases[i].source);
    }
    struct net none = {.version = 0};
    cr_expect_not(net_source(&none, &none));
}

BEAM_TEST(net, of_a_connection)
{
    struct multiaddr a;
    struct net n, want = net("192.0.2.7");
    cr_assert_eq(multiaddr_parse("/ip4/192.0.2.7/tcp/4001", 23, &a, NULL), 0);
    net_of_multiaddr(&a, &n);
    cr_expect_eq(memcmp(&n, &want, sizeof(n)), 0);
    memset(&a, 0, sizeof(a));
    net_of_multiaddr(&a, &n);
    cr_expect_eq(n.version, 0, "one without an address");
}
