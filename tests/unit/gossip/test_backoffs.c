/* SPDX-License-Identifier: BSD-3-Clause */
#include "gossip/backoffs.h"

#include <string.h>

#include "tests/unit/harness.h"
#include "tests/unit/seed.h"

static struct peer_id peer_no(uint32_t no)
{
    struct peer_id id = {.len = 38};
    memcpy(id.bytes, &no, sizeof(no));
    return id;
}

BEAM_TEST(backoffs, end_by_themselves_and_are_a_topic_s)
{
    struct backoffs b = {.n = 0};
    const struct peer_id a = peer_no(1), c = peer_no(2);
    backoffs_add(&b, &a, 5, 100, 200);
    const struct backoff_row *row = backoffs_get(&b, &a, 5, 150);
    cr_assert_not_null(row);
    cr_assert_eq(row->since, 100);
    cr_assert_null(backoffs_get(&b, &a, 6, 150), "another topic");
    cr_assert_null(backoffs_get(&b, &c, 5, 150), "another peer");
    cr_assert_null(backoffs_get(&b, &a, 5, 200), "over");
    backoffs_expire(&b, 199);
    cr_assert_eq(b.n, 1);
    backoffs_expire(&b, 200);
    cr_assert_eq(b.n, 0);
    backoffs_clear(&b);
}

BEAM_TEST(backoffs, a_shorter_one_shortens_nothing)
{
    struct backoffs b = {.n = 0};
    const struct peer_id a = peer_no(1);
    backoffs_add(&b, &a, 5, 100, 1000);
    backoffs_add(&b, &a, 5, 200, 300);
    cr_assert_not_null(backoffs_get(&b, &a, 5, 999));
    backoffs_add(&b, &a, 5, 200, 2000);
    cr_assert_not_null(backoffs_get(&b, &a, 5, 1999));
    cr_assert_eq(b.n, 1);
    backoffs_clear(&b);
}

BEAM_TEST(backoffs, the_one_that_ends_first_makes_room)
{
    struct backoffs b = {.n = 0};
    for (uint32_t i = 0; i < BACKOFFS_MAX + 10; i++) {
        const struct peer_id p = peer_no(i);
        backoffs_add(&b, &p, 5, 100, 1000 + i);
    }
    cr_assert_eq(b.n, BACKOFFS_MAX);
    for (uint32_t i = 0; i < BACKOFFS_MAX + 10; i++) {
        const struct peer_id p = peer_no(i);
        BEAM_CHECK((backoffs_get(&b, &p, 5, 200) != NULL) == (i >= 10));
    }
    backoffs_clear(&b);
}
