/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/kad_contact.h"

#include "p2p/way.h"
#include "tests/unit/p2p/kad_kit.h"

#define ONION "/onion3/vww6ybal4bd7szmgncyruucpgfkqahzddi37ktceo3ah7ngmcopnpyyd:4001"
#define RELAY "/p2p/12D3KooWRBhwfeP2Y4TCx1SM6s9rUoHhR5STiGwxBhgFRcw3UERE"

enum { LISTED = 4 };

/* Who reads: one that dials straight, one that does and has a tor, one that has only that. */
enum host { STRAIGHT, BOTH, ANONYMOUS, HOSTS };

/* An address begins with '/', or is bytes: "=…", with those of an address before them. */
static size_t bytes_of(const char *text, uint8_t out[MULTIADDR_MAX])
{
    static const uint8_t unknown[] = {0xd1, 3,
                                      0xff}; /* webtransport has a code, and then rubbish */
    struct multiaddr a = {0};
    bool cut = strchr(text, '=') != NULL;
    size_t len = strcspn(text, "=");
    if (len > 0)
        cr_assert_eq(multiaddr_parse(text, len, &a, NULL), 0, "%s", text);
    memcpy(out, a.bytes, a.len);
    if (cut)
        memcpy(out + a.len, unknown, sizeof(unknown));
    return a.len + (cut ? sizeof(unknown) : 0);
}

/* A contact, what is made of it by each host (f(ollowed), - passed over, b(ogus)), and which of its
 * addresses are kept by the one that can do most. */
static const struct {
    const char *addrs[LISTED], *heed, *kept;
} rows[] = {
    {{NULL}, "---", ""},
    {{"/ip4/1.2.3.4/tcp/1"}, "fff", "0"},
    {{"/ip6/2001:db8::1/tcp/1"}, "fff", "0"},
    {{"/dns4/example.org/tcp/1"}, "-ff", "0"},
    {{ONION}, "-ff", "0"},
    /* Private alone, in whatever form. */
    {{"/ip4/10.0.0.1/tcp/1"}, "bbb", ""},
    {{"/ip4/127.0.0.1/tcp/1", "/ip6/::1/tcp/1", "/ip6/fe80::1/tcp/1", "/ip4/0.0.0.0/tcp/1"},
     "bbb",
     ""},
    {{"/ip6/::ffff:10.0.0.1/tcp/1"}, "bbb", ""},
    {{"/ip4/10.0.0.1/udp/1/quic-v1"}, "bbb", ""},
    {{"/ip4/10.0.0.1/tcp/0"}, "bbb", ""},
    {{"/ip4/10.0.0.1"}, "bbb", ""},
    {{"/ip6zone/eth0/ip6/fe80::1/tcp/1"}, "bbb", ""},
    {{"/ip4/10.0.0.1/tcp/1" RELAY "/p2p-circuit"}, "bbb", ""},
    /* What cannot be read hides nothing. */
    {{"="}, "bbb", ""},
    {{"", "="}, "bbb", ""},
    {{"=", "/ip4/10.0.0.1/tcp/1"}, "bbb", ""},
    {{"/ip4/10.0.0.1/tcp/1", "=", "/ip4/192.168.0.1/tcp/0"}, "bbb", ""},
    {{"/ip4/10.0.0.1/udp/1/quic-v1="}, "bbb", ""},
    /* Somebody else may speak it, and be permitted to. */
    {{"/ip4/1.2.3.4/udp/1/quic-v1"}, "---", ""},
    {{"/ip4/1.2.3.4/udp/1/quic-v1="}, "---", ""},
    {{"/ip4/10.0.0.1/tcp/1", "/ip4/1.2.3.4/udp/1/quic-v1="}, "---", ""},
    {{"/ip4/1.2.3.4/tcp/1" RELAY "/p2p-circuit"}, "---", ""},
    {{"/dnsaddr/example.org"}, "---", ""},
    /* Mixtures: each by itself. */
    {{"/ip4/10.0.0.1/tcp/1", "/ip4/1.2.3.4/tcp/1"}, "fff", "1"},
    {{"/ip4/1.2.3.4/tcp/1", "/ip4/10.0.0.1/tcp/1"}, "fff", "0"},
    {{"=", "/ip4/1.2.3.4/tcp/1", "", "/ip4/5.6.7.8/tcp/2"}, "fff", "13"},
    {{"/ip4/10.0.0.1/tcp/1", ONION, "="}, "-ff", "1"},
    {{"/ip4/127.0.0.1/tcp/9051", "/ip4/1.2.3.4/tcp/1", ONION, "/ip6/::1/tcp/1"}, "fff", "12"},
};

static struct kad_contact contact_of(const char *const addrs[LISTED],
                                     uint8_t bytes[LISTED][MULTIADDR_MAX])
{
    struct kad_contact c = {.n = 0};
    for (; c.n < LISTED && addrs[c.n]; c.n++)
        c.addrs[c.n] = (struct kad_text){.at = bytes[c.n], .len = bytes_of(addrs[c.n], bytes[c.n])};
    return c;
}

static char letter(enum kad_heed heed)
{
    return heed == KAD_FOLLOWED ? 'f' : heed == KAD_BOGUS ? 'b' : '-';
}

static void check_kept(size_t row, const struct kad_contact *c, const struct multiaddr *kept,
                       size_t n)
{
    const char *expected = rows[row].kept;
    cr_assert_eq(n, strlen(expected), "row %zu: %zu", row, n);
    for (size_t i = 0; i < n; i++) {
        const struct kad_text *t = &c->addrs[expected[i] - '0'];
        cr_expect(kept[i].len == t->len && memcmp(kept[i].bytes, t->at, t->len) == 0, "row %zu",
                  row);
    }
}

BEAM_TEST(kad_contact, each_address_is_judged_by_itself)
{
    static const enum policy_egress egresses[] = {POLICY_EGRESS_ANY, POLICY_EGRESS_ANY,
                                                  POLICY_EGRESS_TOR};
    static const unsigned means[] = {0, WAY_BY_TOR, WAY_BY_TOR};
    for (enum host h = STRAIGHT; h < HOSTS; h++) {
        struct policy policy;
        struct permit *p = NULL;
        cr_assert_eq(policy_ad_hoc(POLICY_ONION, egresses[h], &policy), 0);
        cr_assert_eq(permit_new(&policy, &p), 0);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
            uint8_t bytes[LISTED][MULTIADDR_MAX];
            struct multiaddr kept[KAD_ADDRS_MAX];
            struct kad_contact c = contact_of(rows[i].addrs, bytes);
            size_t n = 99;
            enum kad_heed heed = kad_contact_read(&c, p, means[h], kept, &n);
            cr_expect_eq(letter(heed), rows[i].heed[h], "row %zu, host %d: %c", i, (int)h,
                         letter(heed));
            cr_expect_eq(n > 0, heed == KAD_FOLLOWED, "row %zu, host %d", i, (int)h);
            if (h == BOTH)
                check_kept(i, &c, kept, n);
        }
        permit_free(p);
    }
}

/* Whatever else a message lists: never more than there is room for. */
BEAM_TEST(kad_contact, nothing_of_the_surroundings_is_told)
{
    static const char *const addrs[] = {"/ip4/10.0.0.1/tcp/1", "/ip4/127.0.0.1/tcp/1",
                                        "/ip4/1.2.3.4/tcp/1", ONION,
                                        "/ip4/1.2.3.4/tcp/1" RELAY "/p2p-circuit"};
    struct policy policy;
    struct permit *p = NULL;
    struct multiaddr all[5];
    struct kad_contact c = {.n = 0};
    cr_assert_eq(policy_ad_hoc(POLICY_ONION, POLICY_EGRESS_ANY, &policy), 0);
    cr_assert_eq(permit_new(&policy, &p), 0);
    for (size_t i = 0; i < 5; i++) {
        cr_assert_eq(multiaddr_parse(addrs[i], strlen(addrs[i]), &all[i], NULL), 0);
        kad_contact_tell(&c, p, &all[i]);
    }
    cr_assert_eq(c.n, 3u);
    for (size_t i = 0; i < 3; i++)
        cr_expect_eq(c.addrs[i].at, all[2 + i].bytes);
    for (size_t i = 0; i < 99; i++)
        kad_contact_tell(&c, p, &all[2]);
    cr_expect_eq(c.n, (size_t)KAD_ADDRS_MAX);
    permit_free(p);
}

static kad_group group(const char *text)
{
    struct multiaddr a;
    cr_assert_eq(multiaddr_parse(text, strlen(text), &a, NULL), 0, "%s", text);
    return kad_contact_group(&a);
}

BEAM_TEST(kad_contact, a_network_is_one_party)
{
    static const char *const nowhere[] = {"/ip4/10.0.0.1/tcp/1", "/dns4/example.org/tcp/1", ONION,
                                          "/ip4/1.2.3.4/tcp/1" RELAY "/p2p-circuit", RELAY};
    cr_expect_eq(group("/ip4/1.2.3.4/tcp/1"), group("/ip4/1.2.9.9/tcp/7" RELAY));
    cr_expect_neq(group("/ip4/1.2.3.4/tcp/1"), group("/ip4/1.3.3.4/tcp/1"));
    cr_expect_eq(group("/ip6/2001:db8::1/tcp/1"), group("/ip6/2001:db8:9::2/udp/1"));
    cr_expect_neq(group("/ip6/2001:db8::1/tcp/1"), group("/ip6/2001:db9::1/tcp/1"));
    cr_expect_neq(group("/ip4/0.1.0.1/tcp/1"), group("/ip4/0.2.0.1/tcp/1"));
    for (size_t i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++)
        cr_expect_eq(group(nowhere[i]), (kad_group)KAD_NOWHERE, "%s", nowhere[i]);
    cr_expect_eq(kad_contact_group(NULL), (kad_group)KAD_NOWHERE);
}
