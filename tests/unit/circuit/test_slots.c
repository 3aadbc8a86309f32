/* SPDX-License-Identifier: BSD-3-Clause */
#include "circuit/slots.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/harness.h"
#include "tests/unit/seed.h"

static const struct slots_limits few = {
    .reservations = 4, .per_source = 2, .circuits = 6, .per_peer = 1, .reservation_ms = 1000};

static void fill(void *arg, void *out, size_t len)
{
    seed_fill(arg, out, len);
}

static struct slots *make(const struct slots_limits *limits)
{
    static struct seed seed;
    static struct rng rng;
    struct slots *s = NULL;
    seed = seed_start("slots");
    rng = (struct rng){fill, &seed};
    cr_assert_eq(slots_new(&rng, limits, &s), 0);
    cr_assert_not_null(s);
    return s;
}

/* As good as any: nothing here looks into an id. */
static struct peer_id peer(uint8_t n)
{
    return (struct peer_id){.len = 3, .bytes = {1, 2, n}};
}

static enum hop_status reserve(struct slots *s, uint8_t who, const char *from, uint64_t now)
{
    const struct peer_id id = peer(who);
    struct addr at;
    bool fresh;
    if (from)
        cr_assert_eq(addr_ip(from, strlen(from), 1, &at), 0);
    return slots_reserve(s, &id, from ? &at : NULL, now, &fresh);
}

static enum hop_status open_one(struct slots *s, uint8_t from, uint8_t to, uint64_t now)
{
    const struct peer_id a = peer(from), b = peer(to);
    return slots_open(s, &a, &b, now);
}

static void close_one(struct slots *s, uint8_t from, uint8_t to)
{
    const struct peer_id a = peer(from), b = peer(to);
    slots_close(s, &a, &b);
}

BEAM_TEST(slots, a_reservation_ends_with_its_time_or_its_peer)
{
    struct slots *s = make(&few);
    const struct peer_id one = peer(1), two = peer(2);
    struct peer_id out;
    bool fresh = false;
    cr_expect_eq(slots_reserve(s, &one, NULL, 0, &fresh), HOP_OK);
    cr_expect(fresh);
    cr_expect_eq(slots_reserve(s, &one, NULL, 500, &fresh), HOP_OK);
    cr_expect(!fresh, "it is renewed");
    cr_expect_eq(slots_reservations(s), 1u);
    cr_expect(!slots_expire(s, 1499, &out));
    cr_assert_eq(open_one(s, 9, 1, 1499), HOP_OK);
    cr_expect_eq(open_one(s, 8, 1, 1500), HOP_NO_RESERVATION);
    cr_expect(slots_expire(s, 1500, &out));
    cr_expect(peer_id_equal(&out, &one));
    cr_expect(!slots_expire(s, 1500, &out));
    cr_assert_eq(reserve(s, 2, NULL, 2000), HOP_OK);
    cr_expect(slots_release(s, &two));
    cr_expect(!slots_release(s, &two));
    cr_expect(!slots_release(s, &one));
    cr_expect_eq(slots_reservations(s), 0u);
    cr_expect_eq(slots_circuits(s), 1u, "a circuit outlives the reservation");
    close_one(s, 9, 1);
    cr_expect_eq(slots_circuits(s), 0u);
    slots_free(s);
}

BEAM_TEST(slots, a_network_has_only_some_of_them)
{
    struct slots *s = make(&few);
    cr_assert_eq(reserve(s, 1, "192.0.2.1", 0), HOP_OK);
    cr_assert_eq(reserve(s, 2, "192.0.2.250", 0), HOP_OK);
    cr_expect_eq(reserve(s, 3, "192.0.2.9", 0), HOP_RESERVATION_REFUSED, "the same /24");
    cr_expect_eq(reserve(s, 3, "::ffff:192.0.2.9", 0), HOP_RESERVATION_REFUSED, "and here");
    cr_assert_eq(reserve(s, 1, "192.0.2.1", 0), HOP_OK, "who has one renews it");
    cr_assert_eq(reserve(s, 3, "192.0.3.9", 0), HOP_OK);
    cr_assert_eq(reserve(s, 4, "198.51.100.1", 0), HOP_OK);
    cr_expect_eq(reserve(s, 5, "203.0.113.1", 0), HOP_RESERVATION_REFUSED, "all are given away");
    slots_free(s);
    s = make(&few);
    cr_assert_eq(reserve(s, 1, "2001:db8:1::1", 0), HOP_OK);
    cr_assert_eq(reserve(s, 2, "2001:db8:1:ffff::1", 0), HOP_OK);
    cr_expect_eq(reserve(s, 3, "2001:db8:1:2::1", 0), HOP_RESERVATION_REFUSED, "the same /48");
    cr_assert_eq(reserve(s, 3, "2001:db8:2::1", 0), HOP_OK);
    slots_free(s);
    s = make(&few);
    cr_assert_eq(reserve(s, 1, NULL, 0), HOP_OK);
    cr_assert_eq(reserve(s, 2, NULL, 0), HOP_OK);
    cr_expect_eq(reserve(s, 3, NULL, 0), HOP_RESERVATION_REFUSED, "onions leave half to others");
    cr_assert_eq(reserve(s, 3, "192.0.2.1", 0), HOP_OK);
    slots_free(s);
}

BEAM_TEST(slots, circuits_have_ceilings)
{
    struct slots *s = make(&few);
    cr_expect_eq(open_one(s, 9, 1, 0), HOP_NO_RESERVATION);
    cr_assert_eq(reserve(s, 1, NULL, 0), HOP_OK);
    cr_assert_eq(reserve(s, 2, NULL, 0), HOP_OK);
    cr_expect_eq(open_one(s, 1, 1, 0), HOP_PERMISSION_DENIED, "to itself");
    cr_assert_eq(open_one(s, 9, 1, 0), HOP_OK);
    cr_expect_eq(open_one(s, 9, 2, 0), HOP_RESOURCE_LIMIT, "a peer begins so many");
    for (uint8_t n = 1; n < SLOTS_TO_PEER; n++)
        cr_assert_eq(open_one(s, 10 + n, 1, 0), HOP_OK);
    cr_expect_eq(open_one(s, 20, 1, 0), HOP_RESOURCE_LIMIT, "so many lead to one");
    cr_assert_eq(open_one(s, 20, 2, 0), HOP_OK);
    cr_expect_eq(open_one(s, 2, 1, 0), HOP_RESOURCE_LIMIT);
    cr_assert_eq(open_one(s, 21, 2, 0), HOP_OK);
    cr_expect_eq(open_one(s, 22, 2, 0), HOP_RESOURCE_LIMIT, "so many in all");
    close_one(s, 9, 1);
    cr_assert_eq(open_one(s, 9, 2, 0), HOP_OK);
    cr_expect_eq(slots_circuits(s), 6u);
    slots_free(s);
}
