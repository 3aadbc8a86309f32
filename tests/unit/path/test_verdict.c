/* SPDX-License-Identifier: BSD-3-Clause */
#include "path/verdict.h"

#include "tests/unit/harness.h"

enum { EVERY = 300000 };

BEAM_TEST(verdict, three_tries_in_a_row)
{
    struct verdict v = {0};
    uint64_t wait = 0;
    cr_expect(!verdict_well(&v));
    cr_expect(!verdict_ill(&v, 1000, false, EVERY, &wait));
    cr_expect_eq(wait, VERDICT_AGAIN_MAX);
    cr_expect(!verdict_ill(&v, 20000, false, EVERY, &wait));
    cr_expect(!verdict_well(&v), "it was not said to be down");
    cr_expect(!verdict_ill(&v, 30000, false, EVERY, &wait), "they are counted anew");
    cr_expect(!verdict_ill(&v, 50000, false, EVERY, &wait));
    cr_expect(verdict_ill(&v, 70000, false, EVERY, &wait));
    cr_expect_eq(v.began, 30000);
    cr_expect_eq(wait, EVERY);
    cr_expect(v.down);
    cr_expect(verdict_well(&v));
    cr_expect(!verdict_well(&v));
}

BEAM_TEST(verdict, what_tor_remembers_of_introduction_points_counts_once)
{
    struct verdict v = {0};
    uint64_t wait, tried = 5000, began = tried;
    unsigned tries = 0;
    while (!verdict_ill(&v, tried, true, EVERY, &wait)) {
        cr_assert_lt(++tries, 20);
        cr_expect_eq(wait, tries < VERDICT_TRIES ? VERDICT_AGAIN_MAX : VERDICT_INTRO_AGAIN);
        tried += wait;
    }
    cr_expect_geq(tried - began, VERDICT_INTRO_MEMORY);
    cr_expect_lt(tried - began, VERDICT_INTRO_MEMORY + VERDICT_INTRO_AGAIN);
    cr_expect(v.down);
}

BEAM_TEST(verdict, another_reason_counts_at_once)
{
    struct verdict v = {0};
    uint64_t wait;
    for (unsigned i = 0; i < 2 * VERDICT_TRIES; i++)
        cr_expect(!verdict_ill(&v, 1000 * i, true, EVERY, &wait));
    cr_expect(verdict_ill(&v, 10000, false, EVERY, &wait));
}

BEAM_TEST(verdict, who_looks_often_tries_again_soon)
{
    struct verdict v = {0};
    uint64_t wait;
    cr_expect(!verdict_ill(&v, 1, false, 20, &wait));
    cr_expect_eq(wait, VERDICT_AGAIN_MIN);
    cr_expect(!verdict_ill(&v, 1, false, 20000, &wait));
    cr_expect_eq(wait, 5000);
}
