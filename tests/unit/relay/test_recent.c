/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/recent.h"

#include <sodium.h>

#include "tests/unit/harness.h"

BEAM_TEST(recent, who_was_heard_is_known_for_a_while)
{
    struct recent *r = NULL;
    cr_assert_geq(sodium_init(), 0);
    cr_assert_eq(recent_new(rng_system(), &r), 0);
    bool first = recent_hear(r, "alice", 5, 1000, 500);
    bool again = recent_hear(r, "alice", 5, 1500, 500);
    bool other = recent_hear(r, "bob", 3, 1500, 500);
    bool late = recent_hear(r, "alice", 5, 2001, 500);
    bool wrapped = recent_hear(r, "alice", 5, (uint64_t)UINT32_MAX + 1 + 2002, UINT32_MAX);
    recent_free(r);
    cr_expect(!first && again && !other && !late);
    cr_expect(wrapped, "one that comes back after 49 days may be taken for one who was there");
}

BEAM_TEST(recent, a_flood_is_forgotten)
{
    struct recent *r = NULL;
    uint32_t n, known = 0;
    cr_assert_geq(sodium_init(), 0);
    cr_assert_eq(recent_new(rng_system(), &r), 0);
    for (n = 0; n < 10u * RECENT_PLACES; n++)
        known += recent_hear(r, &n, sizeof(n), 1, 500);
    uint32_t early = 0;
    for (n = 0; n < 1000; n++)
        early += recent_hear(r, &n, sizeof(n), 2, 500);
    recent_free(r);
    cr_expect_leq(known, 10u, "%u of the flood were taken for others", known);
    cr_expect_leq(early, 10u, "%u of its first were remembered", early);
}
