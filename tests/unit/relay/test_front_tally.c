/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/front_tally.h"

#include <sodium.h>

#include "tests/unit/harness.h"

enum { EACH = 6, SOURCE = 2 };

static const uint8_t one[RESERVATION_ID_SIZE] = {1}, other[RESERVATION_ID_SIZE] = {2};

static void begin(struct front_tallies *t, size_t source)
{
    const struct front_tally_limits limits = {.each = EACH, .source = source};
    cr_assert_geq(sodium_init(), 0);
    cr_assert_eq(front_tallies_init(t, rng_system(), 100, &limits), 0);
}

static struct net net(const char *text)
{
    struct net n;
    cr_assert_eq(net_parse(text, &n), 0);
    return n;
}

BEAM_TEST(front_tally, a_source_has_its_share_of_an_endpoint)
{
    struct front_tallies t;
    struct net a = net("192.0.2.1"), b = net("192.0.2.9"), c = net("192.0.3.1");
    begin(&t, SOURCE);
    struct front_tally *first = front_tally_join(&t, one, &a);
    struct front_tally *second = front_tally_join(&t, one, &b);
    cr_assert(first && second);
    cr_expect_null(front_tally_join(&t, one, &a), "of one source with b");
    struct front_tally *elsewhere = front_tally_join(&t, other, &a);
    struct front_tally *honest = front_tally_join(&t, one, &c);
    cr_assert(elsewhere && honest);
    cr_expect_eq(front_tally_count(&t, one), 3u);
    cr_expect_eq(front_tally_count(&t, other), 1u);
    cr_expect(front_tally_is_of(honest, one) && !front_tally_is_of(honest, other));
    front_tally_leave(&t, second);
    second = front_tally_join(&t, one, &a);
    cr_expect_not_null(second, "one has left");
    front_tally_leave(&t, first);
    front_tally_leave(&t, second);
    front_tally_leave(&t, elsewhere);
    front_tally_leave(&t, honest);
    cr_expect_eq(map_count(t.endpoints) + map_count(t.places), 0u);
    front_tallies_free(&t);
}

BEAM_TEST(front_tally, all_together_have_what_an_endpoint_may_have)
{
    struct front_tallies t;
    struct front_tally *place[EACH];
    begin(&t, SOURCE);
    for (uint8_t i = 0; i < EACH; i++) {
        struct net from = {.version = 4, .bits = NET_IP4_BITS, .ip = {192, 0, (uint8_t)(i / 2)}};
        place[i] = front_tally_join(&t, one, &from);
        cr_assert(place[i]);
    }
    struct net there = net("192.0.0.7"), late = net("198.51.100.1");
    cr_expect_null(front_tally_join(&t, one, &there));
    cr_expect_null(front_tally_join(&t, one, &late));
    for (int i = 0; i < EACH; i++)
        front_tally_leave(&t, place[i]);
    cr_expect_eq(map_count(t.endpoints) + map_count(t.places), 0u);
    front_tallies_free(&t);
}

BEAM_TEST(front_tally, who_has_no_source_or_no_limit_is_held_to_no_share)
{
    static const char *const whence[] = {"127.0.0.1", "::1", "192.0.2.1"};
    for (size_t i = 0; i < sizeof(whence) / sizeof(whence[0]); i++) {
        struct front_tallies t;
        struct front_tally *place[EACH];
        struct net from = net(whence[i]);
        begin(&t, i < 2 ? SOURCE : 0);
        for (int n = 0; n < EACH; n++)
            cr_assert((place[n] = front_tally_join(&t, one, &from)), "%s", whence[i]);
        cr_expect_null(front_tally_join(&t, one, &from), "%s: the endpoint has all", whence[i]);
        for (int n = 0; n < EACH; n++)
            front_tally_leave(&t, place[n]);
        front_tally_leave(&t, NULL);
        front_tallies_free(&t);
    }
}
