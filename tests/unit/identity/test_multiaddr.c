/* SPDX-License-Identifier: BSD-3-Clause */
#include "identity/multiaddr.h"

#include <string.h>

#include "tests/unit/harness.h"
#include "tests/unit/identity/hex.h"
#include "tests/vectors/libp2p.h"

static int parse(const char *text, struct multiaddr *out)
{
    return multiaddr_parse(text, strlen(text), out, NULL);
}

BEAM_TEST(multiaddr, as_js_libp2p_has_it)
{
    for (size_t i = 0; i < sizeof(libp2p_multiaddrs) / sizeof(libp2p_multiaddrs[0]); i++) {
        struct hex bytes = hex(libp2p_multiaddrs[i].bytes);
        struct multiaddr a, b;
        char text[MULTIADDR_TEXT_SIZE];
        cr_assert_eq(parse(libp2p_multiaddrs[i].text, &a), 0, "%s", libp2p_multiaddrs[i].text);
        cr_assert_eq(a.len, bytes.len);
        cr_assert_eq(memcmp(a.bytes, bytes.bytes, a.len), 0, "%s", libp2p_multiaddrs[i].text);
        cr_assert_eq(multiaddr_decode(bytes.bytes, bytes.len, &b, NULL), 0);
        cr_assert(multiaddr_equal(&a, &b));
        multiaddr_text(&b, text);
        cr_assert_str_eq(text, libp2p_multiaddrs[i].text);
        for (size_t n = 1; n < bytes.len; n++) {
            /* Cut between two parts it is a shorter address, and cut anywhere else none. */
            bool whole = multiaddr_decode(bytes.bytes, n, &b, NULL) == 0;
            struct multiaddr_part part;
            size_t pos = 0;
            while (pos < n)
                cr_assert(multiaddr_next(&a, &pos, &part));
            cr_assert_eq(whole, pos == n, "%zu bytes of %s", n, libp2p_multiaddrs[i].text);
        }
    }
}

BEAM_TEST(multiaddr, other_ways_to_write_the_same)
{
    static const char *const rows[][2] = {
        {"/p2p/" LIBP2P_PEER_ID_CID, "/p2p/" LIBP2P_PEER_ID_BASE58},
        {"/ipfs/" LIBP2P_PEER_ID_BASE58, "/p2p/" LIBP2P_PEER_ID_BASE58},
        {"/ip6/0:0:0:0:0:0:0:1/tcp/0", "/ip6/::1/tcp/0"},
        {"/ip6zone/eth0/ip6/FE80::1/tcp/65535", "/ip6zone/eth0/ip6/fe80::1/tcp/65535"},
        {"/dnsaddr/_dnsaddr.example.com", "/dnsaddr/_dnsaddr.example.com"},
        {"/onion3/VWW6YBAL4BD7SZMGNCYRUUCPGFKQAHZDDI37KTCEO3AH7NGMCOPNPYYD:1",
         "/onion3/vww6ybal4bd7szmgncyruucpgfkqahzddi37ktceo3ah7ngmcopnpyyd:1"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct multiaddr a;
        char text[MULTIADDR_TEXT_SIZE];
        cr_assert_eq(parse(rows[i][0], &a), 0, "%s", rows[i][0]);
        multiaddr_text(&a, text);
        cr_assert_str_eq(text, rows[i][1]);
    }
}

BEAM_TEST(multiaddr, refuses_with_a_reason)
{
    static const struct {
        const char *text, *reason;
    } rows[] = {
        {"", "multiaddr: : must start with '/'"},
        {"ip4/1.2.3.4", "multiaddr: ip4/1.2.3.4: must start with '/'"},
        {"/", "multiaddr: /: must not end with '/'"},
        {"/ip4/1.2.3.4/", "multiaddr: /ip4/1.2.3.4/: must not end with '/'"},
        {"//tcp/1", "multiaddr: a protocol has no name (\"//\", or a '/' at the end)"},
        {"/ip4/1.2.3.4/sctp/1", "multiaddr: sctp: not a protocol that is known"},
        {"/ip\x1b", "multiaddr: ip\\x1b: not a protocol that is known"},
        {"/ip4", "multiaddr: ip4: its value is missing"},
        {"/ip4//tcp/1", "multiaddr: /ip4/: must be an IPv4 address"},
        {"/ip4/1.2.3", "multiaddr: /ip4/1.2.3: must be an IPv4 address"},
        {"/ip4/01.2.3.4", "multiaddr: /ip4/01.2.3.4: must be an IPv4 address"},
        {"/ip6/1.2.3.4", "multiaddr: /ip6/1.2.3.4: must be an IPv6 address"},
        {"/ip6/::1%lo", "multiaddr: /ip6/::1%lo: must be an IPv6 address"},
        {"/tcp/65536", "multiaddr: /tcp/65536: must be a port from 0 to 65535"},
        {"/tcp/-1", "multiaddr: /tcp/-1: must be a port from 0 to 65535"},
        {"/udp/080", "multiaddr: /udp/080: must be a port from 0 to 65535"},
        {"/dns/a..b", "multiaddr: /dns/a..b: must be a DNS name"},
        {"/dns4/a b", "multiaddr: /dns4/a b: must be a DNS name"},
        {"/ip6zone/a%b", "multiaddr: /ip6zone/a%b: must be the name of an interface"},
        {"/p2p/Qm", "multiaddr: /p2p/Qm: must be a peer id (12D3KooW…)"},
        {"/certhash/u", "multiaddr: /certhash/u: must be the multihash of a certificate in "
                        "multibase (uEi…)"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct multiaddr a;
        struct beam_why why;
        cr_assert_eq(multiaddr_parse(rows[i].text, strlen(rows[i].text), &a, &why), BEAM_EINVAL,
                     "%s", rows[i].text);
        cr_assert_str_eq(why.text, rows[i].reason);
    }
}

BEAM_TEST(multiaddr, onion3_is_checked)
{
    static const char *const bad[] = {
        /* another checksum, no port, port 0, too large, a v2 address */
        "/onion3/vww6ybal4bd7szmgncyruucpgfkqahzddi37ktceo3ah7ngmcopnpyyc:1234",
        "/onion3/aww6ybal4bd7szmgncyruucpgfkqahzddi37ktceo3ah7ngmcopnpyyd:1234",
        "/onion3/vww6ybal4bd7szmgncyruucpgfkqahzddi37ktceo3ah7ngmcopnpyyd",
        "/onion3/vww6ybal4bd7szmgncyruucpgfkqahzddi37ktceo3ah7ngmcopnpyyd:",
        "/onion3/vww6ybal4bd7szmgncyruucpgfkqahzddi37ktceo3ah7ngmcopnpyyd:0",
        "/onion3/vww6ybal4bd7szmgncyruucpgfkqahzddi37ktceo3ah7ngmcopnpyyd:65536",
        "/onion3/vww6ybal4bd7szmg:80",
    };
    struct multiaddr a;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_assert_eq(parse(bad[i], &a), BEAM_EINVAL, "%s", bad[i]);
    struct hex bytes = hex(libp2p_multiaddrs[4].bytes);
    bytes.bytes[10] ^= 1;
    cr_assert_eq(multiaddr_decode(bytes.bytes, bytes.len, &a, NULL), BEAM_EINVAL);
}

BEAM_TEST(multiaddr, refuses_other_bytes)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *reason;
    } rows[] = {
        {"", 0, "multiaddr: empty"},
        {"\x84\x01\x00\x01", 4, "multiaddr: protocol 132 is not known"},
        {"\x86\x00\x00\x01", 4, "multiaddr: a protocol's code is cut or too long"},
        {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10,
         "multiaddr: a protocol's code is cut or too long"},
        {"\x06\x00", 2, "multiaddr: the value of /tcp is cut"},
        {"\x35\x05 a.b", 5, "multiaddr: the value of /dns is cut"},
        {"\x35\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 10, "multiaddr: the value of /dns is cut"},
        {"\x35\x00", 2, "multiaddr: the value of /dns must be a DNS name"},
        {"\x35\x03"
         "a/b",
         5, "multiaddr: the value of /dns must be a DNS name"},
        {"\xa5\x03\x02\x00\x00", 5, "multiaddr: the value of /p2p must be a peer id (12D3KooW…)"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct multiaddr a;
        struct beam_why why;
        cr_assert_eq(multiaddr_decode(rows[i].bytes, rows[i].len, &a, &why), BEAM_EINVAL, "%zu", i);
        cr_assert_str_eq(why.text, rows[i].reason);
    }
}

/* For who passes over protocols that it does not know. */
BEAM_TEST(multiaddr, the_start_of_what_is_not_known)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *start; /* NULL: none */
    } rows[] = {
        {"\x04\x01\x02\x03\x04", 5, "/ip4/1.2.3.4"},
        {"\x04\x01\x02\x03\x04\x84\x01\x00\x01", 9, "/ip4/1.2.3.4"},
        {"\x04\x01\x02\x03\x04\x06\x00\x01\xff", 9, "/ip4/1.2.3.4/tcp/1"},
        {"\x04\x01\x02\x03\x04\x06\x00", 7, "/ip4/1.2.3.4"},
        {"\x04\x01\x02\x03", 4, NULL},
        {"\x84\x01\x04\x01\x02\x03\x04", 7, NULL},
        {"", 0, NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct multiaddr a;
        char text[MULTIADDR_TEXT_SIZE];
        int err = multiaddr_decode_start(rows[i].bytes, rows[i].len, &a);
        cr_assert_eq(err, rows[i].start ? 0 : BEAM_EINVAL, "%zu", i);
        if (err < 0)
            continue;
        multiaddr_text(&a, text);
        cr_assert_str_eq(text, rows[i].start, "%zu", i);
    }
}

BEAM_TEST(multiaddr, the_start_of_what_is_too_long)
{
    uint8_t bytes[MULTIADDR_MAX + 9];
    struct multiaddr a;
    for (size_t i = 0; i + 3 <= sizeof(bytes); i += 3)
        memcpy(bytes + i, "\x06\x00\x01", 3);
    cr_assert_eq(multiaddr_decode_start(bytes, sizeof(bytes), &a), 0);
    cr_assert_eq(a.len, 3u * MULTIADDR_PARTS_MAX);
}

BEAM_TEST(multiaddr, has_ceilings)
{
    static char text[500 * 1000];
    uint8_t bytes[MULTIADDR_MAX + 4];
    struct multiaddr a, tls, b;
    size_t n = 0;
    while (n + 4 <= sizeof(text)) {
        memcpy(text + n, "/tls", 4);
        n += 4;
    }
    cr_assert_eq(multiaddr_parse(text, n, &a, NULL), BEAM_ELIMIT, "125000 parts");
    cr_assert_eq(multiaddr_parse(text, 4 * MULTIADDR_PARTS_MAX, &a, NULL), 0);
    cr_assert_eq(multiaddr_parse(text, 4 * (MULTIADDR_PARTS_MAX + 1), &b, NULL), BEAM_ELIMIT);
    cr_assert_eq(parse("/tls", &tls), 0);
    cr_assert_eq(multiaddr_join(&a, &tls, &a), BEAM_ELIMIT);
    memcpy(bytes, a.bytes, a.len);
    memcpy(bytes + a.len, a.bytes, 2);
    cr_assert_eq(multiaddr_decode(bytes, a.len + 2u, &b, NULL), BEAM_ELIMIT);
    memset(bytes, 0, sizeof(bytes));
    cr_assert_eq(multiaddr_decode(bytes, MULTIADDR_MAX + 1, &b, NULL), BEAM_ELIMIT);
    /* Four names of 130 bytes are more than fits. */
    n = 0;
    for (int i = 0; i < 4; i++, n += 134) {
        memcpy(text + n, "/dns/", 5);
        for (size_t k = 5; k < 134; k++)
            text[n + k] = k % 50 ? 'a' : '.';
    }
    cr_assert_eq(multiaddr_parse(text, n, &a, NULL), BEAM_ELIMIT);
    cr_assert_eq(multiaddr_parse(text, n - 134, &a, NULL), 0);
    cr_assert_eq(multiaddr_join(&a, &a, &b), BEAM_ELIMIT);
}

BEAM_TEST(multiaddr, peers_are_put_on_and_taken_off)
{
    struct multiaddr a, b;
    struct peer_id id, other;
    struct multiaddr_part part;
    char text[MULTIADDR_TEXT_SIZE];
    size_t pos = 0;
    cr_assert_eq(parse("/ip4/127.0.0.1/tcp/4001", &a), 0);
    cr_assert_eq(peer_id_parse(LIBP2P_PEER_ID_BASE58, strlen(LIBP2P_PEER_ID_BASE58), &id, NULL), 0);
    cr_assert_eq(multiaddr_peer(&a, &other), BEAM_ENOTFOUND);
    cr_assert_eq(multiaddr_with_peer(&a, &id, &b), 0);
    multiaddr_text(&b, text);
    cr_assert_str_eq(text, "/ip4/127.0.0.1/tcp/4001/p2p/" LIBP2P_PEER_ID_BASE58);
    cr_assert_eq(multiaddr_peer(&b, &other), 0);
    cr_assert(peer_id_equal(&id, &other));
    cr_assert(multiaddr_compare(&a, &b) < 0 && multiaddr_compare(&b, &a) > 0);
    cr_assert(multiaddr_has(&b, MULTIADDR_P2P) && !multiaddr_has(&a, MULTIADDR_P2P));
    cr_assert(multiaddr_next(&b, &pos, &part) && part.code == MULTIADDR_IP4 && part.len == 4);
    cr_assert(multiaddr_next(&b, &pos, &part) && part.code == MULTIADDR_TCP && part.len == 2);
    cr_assert(multiaddr_next(&b, &pos, &part) && part.code == MULTIADDR_P2P && part.len == id.len);
    cr_assert_not(multiaddr_next(&b, &pos, &part));
    multiaddr_without_peer(&b, &b);
    cr_assert(multiaddr_equal(&a, &b));
    multiaddr_without_peer(&b, &b);
    cr_assert(multiaddr_equal(&a, &b), "only a peer is taken off");

    cr_assert_eq(parse("/p2p/" LIBP2P_PEER_ID_BASE58, &a), 0);
    multiaddr_without_peer(&a, &b);
    cr_assert_eq(b.len, 0);
    cr_assert_eq(multiaddr_join(&b, &a, &b), 0);
    cr_assert(multiaddr_equal(&a, &b));
}

BEAM_TEST(multiaddr, socket_addresses)
{
    static const char *const rows[][2] = {
        {"/ip4/127.0.0.1/tcp/4001", "127.0.0.1:4001"},
        {"/ip6/2001:db8::1/udp/443/quic-v1", "[2001:db8::1]:443"},
    };
    static const char *const bad[] = {"/dns4/example.com/tcp/1", "/ip4/1.2.3.4", "/tcp/1",
                                      "/ip4/1.2.3.4/tcp/0", "/ip4/1.2.3.4/ws"};
    struct multiaddr a;
    struct addr addr;
    enum multiaddr_code transport;
    char text[MULTIADDR_TEXT_SIZE];
    for (size_t i = 0; i < 2; i++) {
        cr_assert_eq(parse(rows[i][0], &a), 0);
        cr_assert_eq(multiaddr_to_addr(&a, &addr, &transport), 0);
        addr_text(&addr, text);
        cr_assert_str_eq(text, rows[i][1]);
        cr_assert_eq(transport, i ? MULTIADDR_UDP : MULTIADDR_TCP);
        cr_assert_eq(multiaddr_from_addr(&addr, transport, &a), 0);
        multiaddr_text(&a, text);
        cr_assert_eq(strncmp(text, rows[i][0], strlen(text)), 0, "%s", text);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cr_assert_eq(parse(bad[i], &a), 0, "%s", bad[i]);
        cr_assert_eq(multiaddr_to_addr(&a, &addr, &transport), BEAM_EINVAL, "%s", bad[i]);
        cr_assert_eq(multiaddr_ip(&a, &addr), strstr(bad[i], "ip4") ? 0 : BEAM_EINVAL, "%s",
                     bad[i]);
    }
    cr_assert_eq(multiaddr_from_addr(&addr, MULTIADDR_WS, &a), BEAM_EINVAL);
    cr_assert_eq(addr_unix("/tmp/x", &addr), 0);
    cr_assert_eq(multiaddr_from_addr(&addr, MULTIADDR_TCP, &a), BEAM_EINVAL);
}
