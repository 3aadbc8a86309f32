/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/census.h"

#include <string.h>

#include "tests/unit/harness.h"
#include "tests/unit/seed.h"

static void fill(void *arg, void *out, size_t len)
{
    seed_fill(arg, out, len);
}

static struct seed seed = {1};
static const struct rng rng = {fill, &seed};

static struct census_source source(const char *ip)
{
    struct addr a;
    struct census_source s;
    cr_assert_eq(addr_ip(ip, strlen(ip), 1, &a), 0);
    census_source(&a, &s);
    return s;
}

static struct census *census_of(const struct limits *limits)
{
    struct census *c = NULL;
    cr_assert_eq(census_new(&rng, limits, &c), 0);
    return c;
}

BEAM_TEST(census, sources_are_addresses_and_networks)
{
    static const struct {
        const char *a, *b;
        bool same;
    } pairs[] = {
        {"192.0.2.1", "192.0.2.1", true},          {"192.0.2.1", "192.0.2.2", false},
        {"::ffff:192.0.2.1", "192.0.2.1", true},   {"2001:db8::1", "2001:db8::ffff:1", true},
        {"2001:db8::1", "2001:db8:0:1::1", false},
    };
    struct census_source none;
    census_source(NULL, &none);
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        struct census_source a = source(pairs[i].a), b = source(pairs[i].b);
        bool same = a.len == b.len && memcmp(a.bytes, b.bytes, a.len) == 0;
        cr_expect_eq(same, pairs[i].same, "%s, %s", pairs[i].a, pairs[i].b);
        cr_expect_neq(a.len, none.len);
    }
}

BEAM_TEST(census, networks_are_of_many_addresses)
{
    static const struct {
        const char *a, *b;
        bool same;
    } pairs[] = {
        {"192.0.2.1", "192.0.3.1", true},        {"192.0.2.1", "192.1.2.1", false},
        {"2001:db8::1", "2001:db8:5::1", true},  {"2001:db8::1", "2001:db9::1", false},
        {"::ffff:192.0.2.1", "192.0.3.1", true},
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        const struct census_source a = source(pairs[i].a), b = source(pairs[i].b),
                                   in = census_network(&a), other = census_network(&b);
        cr_expect_eq(census_source_equal(&in, &other), pairs[i].same, "%s, %s", pairs[i].a,
                     pairs[i].b);
    }
    const struct peer_id relay = {.len = PEER_ID_MAX, .bytes = {[PEER_ID_MAX - 1] = 7}};
    struct census_source none, brought;
    census_source(NULL, &none);
    census_source_relay(&relay, &brought);
    none = census_network(&none);
    brought = census_network(&brought);
    cr_expect(census_source_equal(&none, &brought), "nothing is known of either");
}

/* One relay brings many peers, but not all handshakes at once. */
BEAM_TEST(census, what_a_relay_brings_is_its_own)
{
    const struct limits limits = {.connections = 9,
                                  .inbound = 9,
                                  .per_address = 1,
                                  .half_open = 8,
                                  .half_open_per_address = 2};
    const struct peer_id ids[] = {{.len = 12, .bytes = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}},
                                  {.len = 12, .bytes = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13}}};
    struct census_source a, b;
    struct census *c = census_of(&limits);
    struct beam_why why;
    census_source_relay(&ids[0], &a);
    census_source_relay(&ids[1], &b);
    cr_expect_eq(census_begin(c, &a, &why), 0);
    cr_expect_eq(census_begin(c, &a, &why), 0);
    cr_expect_eq(census_begin(c, &a, &why), BEAM_ELIMIT);
    cr_expect_eq(census_begin(c, &b, &why), 0);
    cr_expect_eq(census_enter(c, &a, true, &why), 0);
    cr_expect_eq(census_enter(c, &a, true, &why), 0);
    census_leave(c, &a, true);
    census_leave(c, &a, true);
    census_end(c, &a);
    census_end(c, &a);
    census_end(c, &b);
    cr_expect_eq(census_half_open(c), 0u);
    census_free(c);
}

BEAM_TEST(census, handshakes_are_bounded_in_all_and_by_source)
{
    const struct limits limits = {.connections = 4, .half_open = 3, .half_open_per_address = 2};
    struct census_source a = source("192.0.2.1"), b = source("192.0.2.2");
    struct census *c = census_of(&limits);
    struct beam_why why;
    cr_expect_eq(census_begin(c, &a, &why), 0);
    cr_expect_eq(census_begin(c, &a, &why), 0);
    cr_expect_eq(census_begin(c, &a, &why), BEAM_ELIMIT, "from one address");
    cr_expect_eq(census_begin(c, &b, &why), 0);
    cr_expect_eq(census_begin(c, &b, &why), BEAM_ELIMIT, "in all");
    census_end(c, &a);
    cr_expect_eq(census_half_open(c), 2u);
    cr_expect_eq(census_begin(c, &b, &why), 0);
    census_free(c);
}

BEAM_TEST(census, those_without_an_address_leave_half_to_others)
{
    const struct limits limits = {.connections = 9, .half_open = 4, .half_open_per_address = 1};
    struct census_source none, a = source("192.0.2.1");
    struct census *c = census_of(&limits);
    struct beam_why why;
    census_source(NULL, &none);
    cr_expect_eq(census_begin(c, &none, &why), 0);
    cr_expect_eq(census_begin(c, &none, &why), 0);
    cr_expect_eq(census_begin(c, &none, &why), BEAM_ELIMIT);
    cr_expect_eq(census_begin(c, &a, &why), 0);
    census_free(c);
}

BEAM_TEST(census, strangers_do_not_take_every_place)
{
    const struct limits limits = {.connections = 4, .inbound = 2, .per_address = 2, .half_open = 1};
    struct census_source a = source("192.0.2.1"), b = source("192.0.2.2");
    struct census *c = census_of(&limits);
    struct beam_why why;
    cr_expect_eq(census_enter(c, &a, true, &why), 0);
    cr_expect_eq(census_enter(c, &b, true, &why), 0);
    cr_expect_eq(census_enter(c, &b, true, &why), BEAM_ELIMIT, "a stranger");
    cr_expect_eq(census_enter(c, &b, false, &why), 0, "one that is kept");
    cr_expect_eq(census_enter(c, NULL, false, &why), 0, "one that was dialled");
    cr_expect_eq(census_enter(c, NULL, false, &why), BEAM_ELIMIT, "in all");
    census_leave(c, &b, false);
    census_change(c, false);
    cr_expect_eq(census_enter(c, &b, true, &why), 0, "a stranger's place was given back");
    cr_expect_eq(census_connections(c), 4u);
    census_free(c);
}

BEAM_TEST(census, one_address_does_not_take_every_place)
{
    const struct limits limits = {.connections = 9, .inbound = 9, .per_address = 2, .half_open = 1};
    struct census_source a = source("192.0.2.1"), none;
    struct census *c = census_of(&limits);
    struct beam_why why;
    census_source(NULL, &none);
    cr_expect_eq(census_enter(c, &a, true, &why), 0);
    cr_expect_eq(census_enter(c, &a, true, &why), 0);
    cr_expect_eq(census_enter(c, &a, true, &why), BEAM_ELIMIT);
    census_leave(c, &a, true);
    cr_expect_eq(census_enter(c, &a, true, &why), 0);
    for (int i = 0; i < 3; i++)
        cr_expect_eq(census_enter(c, &none, true, &why), 0, "an onion's visitors have none");
    census_free(c);
}
