/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/where.h"

#include <string.h>

#include "tests/unit/harness.h"

#define PEER  "12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5"
#define ONION "25njqamcweflpvkl73j4szahhihoc4xt3ktcgjnpaingr5yhkenl5sid"

static void is(const char *text, const char *addr, const char *peer, bool loopback)
{
    static char shown[MULTIADDR_TEXT_SIZE];
    char id[PEER_ID_TEXT_SIZE] = "";
    struct beam_why why = {.text = ""};
    struct where w;
    cr_assert_eq(where_parse(text, &w, &why), 0, "%s: %s", text, why.text);
    multiaddr_text(&w.addr, shown);
    cr_expect_str_eq(shown, addr);
    if (w.peer.len > 0)
        peer_id_text(&w.peer, id);
    cr_expect_str_eq(id, peer);
    cr_expect_eq(w.loopback, loopback);
    cr_expect_str_eq(w.text, text);
}

BEAM_TEST(where, may_be_typed_in_three_ways)
{
    is("127.0.0.1:4001", "/ip4/127.0.0.1/tcp/4001", "", true);
    is("localhost:4001", "/ip4/127.0.0.1/tcp/4001", "", true);
    is("app.localhost:4001", "/ip4/127.0.0.1/tcp/4001", "", true);
    is("LocalHost:4001", "/ip4/127.0.0.1/tcp/4001", "", true);
    is("applocalhost:4001", "/dns/applocalhost/tcp/4001", "", false);
    is("[::1]:4001", "/ip6/::1/tcp/4001", "", true);
    is("192.0.2.1:1", "/ip4/192.0.2.1/tcp/1", "", false);
    is("relay.example:4001", "/dns/relay.example/tcp/4001", "", false);
    is(ONION ".onion:80", "/onion3/" ONION ":80", "", false);
    is(ONION ".ONION:80", "/onion3/" ONION ":80", "", false);
    is("/ip4/127.0.0.1/tcp/4001/p2p/" PEER, "/ip4/127.0.0.1/tcp/4001", PEER, true);
    is("/dns4/relay.example/tcp/4001", "/dns4/relay.example/tcp/4001", "", false);
    is(PEER, "", PEER, false);
}

BEAM_TEST(where, anything_else_is_refused)
{
    static const char *const bad[] = {"",
                                      "relay.example",
                                      "relay.example:",
                                      "relay.example:0",
                                      "relay.example:65536",
                                      ":4001",
                                      "a b:1",
                                      "a/b:1",
                                      "[relay]:1",
                                      "::1:4001",
                                      "/nonsense/1",
                                      "user@relay.example:1",
                                      "-x:1"};
    struct where w;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct beam_why why = {.text = ""};
        cr_expect_eq(where_parse(bad[i], &w, &why), BEAM_EINVAL, "%s", bad[i]);
        cr_expect_str_neq(why.text, "");
    }
}

static void url_is(const char *url, const char *addr, const char *authority, const char *path)
{
    static char shown[MULTIADDR_TEXT_SIZE];
    struct where_url u;
    cr_assert_eq(where_parse_url(url, &u, NULL), 0, "%s", url);
    multiaddr_text(&u.addr, shown);
    cr_expect_str_eq(shown, addr);
    cr_expect_str_eq(u.authority, authority);
    cr_expect_str_eq(u.path, path);
}

BEAM_TEST(where, urls_are_taken_apart)
{
    url_is("http://relay.example/t/x/", "/dns/relay.example/tcp/80", "relay.example", "/t/x/");
    url_is("http://127.0.0.1:8080/", "/ip4/127.0.0.1/tcp/8080", "127.0.0.1:8080", "/");
    url_is("http://[::1]:81/", "/ip6/::1/tcp/81", "[::1]:81", "/");
    url_is("https://relay.example/t/x/", "/dns/relay.example/tcp/443", "relay.example", "/t/x/");
    url_is("https://[::1]:81/", "/ip6/::1/tcp/81", "[::1]:81", "/");
    struct where_url whom;
    cr_assert_eq(where_parse_url("https://[::1]:81/", &whom, NULL), 0);
    cr_assert(whom.https);
    cr_assert_str_eq(whom.host, "::1");
    cr_assert_eq(where_parse_url("http://relay.example:81/", &whom, NULL), 0);
    cr_assert(!whom.https);
    cr_assert_str_eq(whom.host, "relay.example");
    static const char *const bad[] = {"ftp://relay.example/",
                                      "http://relay.example",
                                      "http:///",
                                      "http://u@relay.example/",
                                      "http://relay.example:x/",
                                      "http://relay.example/?q",
                                      "http://relay.example/a b",
                                      "http://[::1/",
                                      "http://relay.example:0/"};
    struct where_url u;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_expect_eq(where_parse_url(bad[i], &u, NULL), BEAM_EINVAL, "%s", bad[i]);
}

BEAM_TEST(where, ports_are_a_scheme_a_host_and_a_number)
{
    static const char *const bad[] = {"tcp://relay.example",
                                      "tcp://relay.example:0",
                                      "tcp://relay.example:65536",
                                      "tcp://relay.example:1/",
                                      "tcp://:1",
                                      "tcp://a b:1",
                                      "udp://relay.example:20001",
                                      "tcp:/relay.example:20001",
                                      "http://relay.example:20001",
                                      "tcp://user@relay.example:1"};
    struct where_url u;
    cr_assert_eq(where_parse_port("tcp://relay.example:20001", "tcp", &u, NULL), 0);
    cr_expect(u.port == 20001 && !u.loopback && !u.path[0]);
    cr_expect_str_eq(u.host, "relay.example");
    cr_expect_str_eq(u.authority, "relay.example:20001");
    cr_assert_eq(where_parse_port("udp://[::1]:20001", "udp", &u, NULL), 0);
    cr_expect(u.port == 20001 && u.loopback);
    cr_expect_str_eq(u.host, "::1");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_expect_eq(where_parse_port(bad[i], "tcp", &u, NULL), BEAM_EINVAL, "%s", bad[i]);
}
