/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/flow.h"

#include "tests/unit/harness.h"

enum { IDLE = 120000, SMALL = 100, BIG = 1200 };

BEAM_TEST(flow, a_source_that_may_be_forged_is_sent_three_times_what_it_sent)
{
    struct flow f;
    uint64_t said = 0;
    flow_begin(&f, 0);
    cr_assert(!flow_say(&f, 0), "nobody was heard");
    flow_hear(&f, SMALL, 1);
    while (flow_say(&f, 20))
        said += 20 + FLOW_HEADERS;
    cr_assert_leq(said, 3u * (SMALL + FLOW_HEADERS));
    cr_assert_gt(said, 2u * (SMALL + FLOW_HEADERS));
    cr_assert(!flow_say(&f, BIG) && !flow_is_mutual(&f));
}

BEAM_TEST(flow, one_that_only_talks_has_shown_nothing)
{
    struct flow f;
    flow_begin(&f, 0);
    for (int i = 0; i < 100; i++)
        flow_hear(&f, SMALL, 1);
    cr_assert(!flow_is_mutual(&f));
    cr_assert(flow_say(&f, BIG));
    cr_assert(flow_say(&f, BIG));
    for (int i = 0; i < 100; i++)
        flow_hear(&f, SMALL, 2); /* all of them after one answer: one round */
    cr_assert(!flow_is_mutual(&f));
}

BEAM_TEST(flow, a_conversation_is_not_held_back)
{
    struct flow f;
    flow_begin(&f, 0);
    for (int i = 0; i < FLOW_ROUNDS; i++) {
        flow_hear(&f, SMALL, 1);
        cr_assert(!flow_is_mutual(&f));
        cr_assert(flow_say(&f, SMALL));
    }
    flow_hear(&f, SMALL, 1);
    cr_assert(flow_is_mutual(&f));
    for (int i = 0; i < 1000; i++)
        cr_assert(flow_say(&f, BIG));
}

BEAM_TEST(flow, lasts_as_long_as_the_source_is_heard)
{
    struct flow f;
    flow_begin(&f, 1000);
    flow_hear(&f, SMALL, 1000);
    cr_assert_eq(flow_ends(&f, IDLE), 1000u + FLOW_SILENT_MS);
    cr_assert_eq(flow_ends(&f, 5000), 6000u, "an operator's own time, when that is shorter");
    cr_assert(flow_say(&f, 10));
    cr_assert_eq(flow_ends(&f, IDLE), 1000u + IDLE, "the owner's answers prolong nothing");
    flow_hear(&f, SMALL, 5000);
    cr_assert_eq(flow_ends(&f, IDLE), 5000u + IDLE);
}
