/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/mdns_message.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/harness.h"

static const char me[] = "abcdefghijklmnopqrstuvwxyz234567";
static const char peer[] = "12D3KooWRBhwfeP2Y4TCx1SM6s9rUoHhR5STiGwxBhgFRcw3UERE";
static struct mdns_message m;
static uint8_t out[MDNS_SENT_MAX];

static struct multiaddr address(unsigned port)
{
    char text[128];
    struct multiaddr a;
    (void)snprintf(text, sizeof(text), "/ip4/192.168.1.7/tcp/%u/p2p/%s", port, peer);
    cr_assert_eq(multiaddr_parse(text, strlen(text), &a, NULL), 0);
    return a;
}

BEAM_TEST(mdns_message, a_query_asks_for_peers)
{
    /* The bytes of libp2p/specs, discovery/mdns: _p2p._udp.local PTR, as RFC 1035 has them. */
    static const uint8_t want[] = "\0\0\0\0\0\1\0\0\0\0\0\0\4_p2p\4_udp\5local\0\0\14\0\1";
    size_t len = mdns_message_query(out);
    cr_assert_eq(len, sizeof(want) - 1);
    cr_expect_eq(memcmp(out, want, len), 0);
    cr_assert_eq(mdns_message_read(out, len, me, &m), 0);
    cr_expect(!m.answer);
    cr_expect_eq(m.asks, (unsigned)MDNS_ASKS_PEERS);
}

BEAM_TEST(mdns_message, an_answer_tells_where_its_author_is)
{
    const struct multiaddr addrs[] = {address(1), address(2)};
    size_t len = mdns_message_answer(me, MDNS_ASKS_PEERS, addrs, 2, 120, out);
    cr_assert_gt(len, 0u);
    cr_assert_eq(mdns_message_read(out, len, "another", &m), 0);
    cr_expect(m.answer);
    cr_assert_eq(m.n, 2u);
    for (size_t i = 0; i < 2; i++) {
        struct multiaddr a;
        cr_expect_str_eq(m.found[i].name, me);
        cr_expect_eq(m.found[i].ttl_s, 120u);
        cr_assert_eq(multiaddr_parse(m.found[i].text, m.found[i].len, &a, NULL), 0);
        cr_expect(multiaddr_equal(&a, &addrs[i]));
    }
}

BEAM_TEST(mdns_message, there_is_an_answer_to_what_concerns_us)
{
    const struct multiaddr a = address(1);
    cr_expect_eq(mdns_message_answer(me, 0, &a, 1, 120, out), 0u);
    cr_expect_eq(mdns_message_answer(me, MDNS_ASKS_PEERS, &a, 0, 120, out), 0u,
                 "who listens nowhere says nothing");
    size_t len = mdns_message_answer(me, MDNS_ASKS_SERVICES, &a, 1, 120, out);
    cr_assert_eq(mdns_message_read(out, len, "another", &m), 0);
    cr_expect_eq(m.n, 0u);
    len = mdns_message_answer(me, MDNS_ASKS_SERVICES | MDNS_ASKS_ME, &a, 1, 0, out);
    cr_assert_eq(mdns_message_read(out, len, "another", &m), 0);
    cr_assert_eq(m.n, 1u);
    cr_expect_eq(m.found[0].ttl_s, 0u);
}

BEAM_TEST(mdns_message, as_many_addresses_as_there_is_room_for)
{
    static struct multiaddr addrs[32];
    for (unsigned i = 0; i < 32; i++)
        addrs[i] = address(i + 1);
    size_t len = mdns_message_answer(me, MDNS_ASKS_PEERS, addrs, 32, 120, out);
    cr_assert_leq(len, sizeof(out));
    cr_assert_eq(mdns_message_read(out, len, "another", &m), 0);
    cr_expect(m.n > 4 && m.n < 32);
}

struct row {
    const char *what, *bytes;
    size_t len;
    int err;
    unsigned asks;
    size_t n;
};

#define ROW(what, text, err, asks, n)                                                              \
    {                                                                                              \
        what, text, sizeof(text) - 1, err, asks, n                                                 \
    }
#define HEAD(flags, qd, an) "\0\0" flags "\0" qd "\0" an "\0\0\0\0"
#define PEERS               "\4_p2p\4_udp\5local\0"
#define TXT(strings_len)    "\0\20\0\1\0\0\0\170\0" strings_len

BEAM_TEST(mdns_message, what_others_send)
{
    static const struct row rows[] = {
        ROW("nothing", "", BEAM_EINVAL, 0, 0),
        ROW("a head", HEAD("\0\0", "\0", "\0"), 0, 0, 0),
        ROW("an operation", HEAD("\10\0", "\0", "\0"), BEAM_EINVAL, 0, 0),
        ROW("an error", HEAD("\200\3", "\0", "\0"), BEAM_EINVAL, 0, 0),
        ROW("a question too few", HEAD("\0\0", "\1", "\0"), BEAM_EINVAL, 0, 0),
        ROW("any type, an answer wished for directly",
            HEAD("\0\0", "\1", "\0") PEERS "\0\377\200\1", 0, MDNS_ASKS_PEERS, 0),
        ROW("in capitals", HEAD("\0\0", "\1", "\0") "\4_P2P\4_Udp\5LOCAL\0\0\14\0\1", 0,
            MDNS_ASKS_PEERS, 0),
        ROW("another class", HEAD("\0\0", "\1", "\0") PEERS "\0\14\0\3", 0, 0, 0),
        ROW("another type", HEAD("\0\0", "\1", "\0") PEERS "\0\1\0\1", 0, 0, 0),
        ROW("a longer name", HEAD("\0\0", "\1", "\0") "\1x" PEERS "\0\14\0\1", 0, 0, 0),
        ROW("services, and peers by a pointer",
            HEAD("\0\0", "\2", "\0") "\11_services\7_dns-sd\4_udp\5local\0\0\14\0\1"
                                     "\4_p2p\300\36\0\14\0\1",
            0, MDNS_ASKS_SERVICES | MDNS_ASKS_PEERS, 0),
        ROW("a pointer to itself", HEAD("\0\0", "\1", "\0") "\300\14\0\14\0\1", BEAM_EINVAL, 0, 0),
        ROW("a pointer ahead", HEAD("\0\0", "\1", "\0") "\300\40\0\14\0\1", BEAM_EINVAL, 0, 0),
        ROW("two that point at each other", HEAD("\0\0", "\1", "\0") "\1x\300\20\300\14\0\14\0\1",
            BEAM_EINVAL, 0, 0),
        ROW("a label of a kind that there is not", HEAD("\0\0", "\1", "\0") "\100x\0\0\14\0\1",
            BEAM_EINVAL, 0, 0),
        ROW("an address", HEAD("\204\0", "\0", "\1") "\1a" PEERS TXT("\12") "\11dnsaddr=x", 0, 0,
            1),
        ROW("an address in a query", HEAD("\0\0", "\0", "\1") "\1a" PEERS TXT("\12") "\11dnsaddr=x",
            0, 0, 0),
        ROW("of something else",
            HEAD("\204\0", "\0", "\1") "\1a\1b" PEERS TXT("\12") "\11dnsaddr=x", 0, 0, 0),
        ROW("no address", HEAD("\204\0", "\0", "\1") "\1a" PEERS TXT("\11") "\10dnsaddr=", 0, 0, 0),
        ROW("a string too long for its record",
            HEAD("\204\0", "\0", "\1") "\1a" PEERS TXT("\12") "\12dnsaddr=x", BEAM_EINVAL, 0, 0),
        ROW("a record too long for its message",
            HEAD("\204\0", "\0", "\1") "\1a" PEERS TXT("\13") "\11dnsaddr=x", BEAM_EINVAL, 0, 0),
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *r = &rows[i];
        memset(&m, 0, sizeof(m));
        cr_expect_eq(mdns_message_read(r->bytes, r->len, me, &m), r->err, "%s", r->what);
        if (r->err == 0) {
            cr_expect_eq(m.asks, r->asks, "%s", r->what);
            cr_expect_eq(m.n, r->n, "%s", r->what);
        }
    }
}

BEAM_TEST(mdns_message, every_cut_of_an_answer_is_refused)
{
    const struct multiaddr a = address(1);
    size_t len = mdns_message_answer(me, MDNS_ASKS_PEERS | MDNS_ASKS_SERVICES, &a, 1, 120, out);
    for (size_t i = 0; i < len; i++)
        cr_expect_eq(mdns_message_read(out, i, "another", &m), BEAM_EINVAL, "%zu", i);
}
