/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/kad_pace.h"

#include "tests/unit/harness.h"

BEAM_TEST(kad_pace, the_first_are_given_time)
{
    const struct kad_pace p = {.usual = 0};
    cr_expect_eq(kad_pace_slow(&p), KAD_PACE_FIRST_MS);
}

BEAM_TEST(kad_pace, it_follows_what_answers_take)
{
    struct kad_pace p = {.usual = 0};
    kad_pace_took(&p, 3000);
    cr_expect_eq(kad_pace_slow(&p), 9000);
    for (int i = 0; i < 100; i++)
        kad_pace_took(&p, 1000);
    cr_expect_geq(kad_pace_slow(&p), 3000);
    cr_expect_leq(kad_pace_slow(&p), 3010);
}

BEAM_TEST(kad_pace, nobody_is_slow_at_once)
{
    struct kad_pace p = {.usual = 0};
    for (int i = 0; i < 100; i++)
        kad_pace_took(&p, 0);
    cr_expect_eq(kad_pace_slow(&p), KAD_PACE_LEAST_MS);
}

BEAM_TEST(kad_pace, those_who_take_their_time_make_nobody_wait)
{
    struct kad_pace p = {.usual = 0};
    for (int i = 0; i < 100; i++)
        kad_pace_took(&p, 14900);
    cr_expect_eq(kad_pace_slow(&p), KAD_PACE_MOST_MS);
}
