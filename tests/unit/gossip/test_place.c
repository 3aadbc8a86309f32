/* SPDX-License-Identifier: BSD-3-Clause */
#include "gossip/place.h"

#include <string.h>

#include "tests/unit/harness.h"

static struct score_place place_at(const char *text, enum way way, bool private)
{
    struct multiaddr at;
    struct score_place place;
    cr_assert_eq(multiaddr_parse(text, strlen(text), &at, NULL), 0, "%s", text);
    const struct host_peer peer = {.addr = &at, .way = way};
    place_score(&peer, private, &place);
    return place;
}

static bool same(const char *a, const char *b)
{
    struct score_place x = place_at(a, WAY_DIRECT, false), y = place_at(b, WAY_DIRECT, false);
    return x.len > 0 && x.len == y.len && memcmp(x.bytes, y.bytes, x.len) == 0;
}

BEAM_TEST(place, is_an_address_or_a_64)
{
    cr_expect(same("/ip4/192.0.2.1/tcp/1", "/ip4/192.0.2.1/tcp/2"));
    cr_expect(!same("/ip4/192.0.2.1/tcp/1", "/ip4/192.0.2.2/tcp/1"));
    cr_expect(same("/ip4/192.0.2.1/tcp/1", "/ip6/::ffff:192.0.2.1/tcp/1"));
    cr_expect(same("/ip6/2001:db8::1/tcp/1", "/ip6/2001:db8::2:1/tcp/1"));
    cr_expect(!same("/ip6/2001:db8::1/tcp/1", "/ip6/2001:db8:0:1::1/tcp/1"));
}

BEAM_TEST(place, is_none_where_the_way_says_nothing)
{
    struct multiaddr none = {.len = 0};
    const struct host_peer onion = {.addr = &none, .way = WAY_ONION};
    struct census_source source, unknown;
    census_source(NULL, &unknown);
    place_source(&onion, &source);
    cr_expect(census_source_equal(&source, &unknown));
    cr_expect_eq(place_at("/ip4/192.0.2.1/tcp/1", WAY_CIRCUIT, false).len, 0u,
                 "that is its relay's");
    cr_expect_eq(place_at("/ip4/192.0.2.1/tcp/1", WAY_ONION, false).len, 0u);
}

BEAM_TEST(place, near_ones_count_unless_they_are_allowed)
{
    static const char *const near[] = {"/ip4/127.0.0.1/tcp/1", "/ip4/10.1.2.3/tcp/1",
                                       "/ip6/::1/tcp/1"};
    for (size_t i = 0; i < sizeof(near) / sizeof(near[0]); i++) {
        cr_expect_gt(place_at(near[i], WAY_DIRECT, false).len, 0u, "%s", near[i]);
        cr_expect_eq(place_at(near[i], WAY_DIRECT, true).len, 0u, "%s", near[i]);
    }
    cr_expect_gt(place_at("/ip4/192.0.2.1/tcp/1", WAY_DIRECT, true).len, 0u);
}
