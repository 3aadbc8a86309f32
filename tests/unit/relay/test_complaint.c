/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/complaint.h"

#include <string.h>

#include "tests/unit/harness.h"

BEAM_TEST(complaint, says_which_rule_and_how_often)
{
    const struct visit_head one = {.rule = "method", .count = 1},
                            two = {.rule = "traffic", .count = 2};
    struct complaint c = {.until = 0};
    struct beam_why why;
    cr_assert(complaint_hear(&c, "relay.example:1", &one, 5, &why));
    cr_expect_eq(why.code, BEAM_EPOLICY);
    cr_expect_not_null(strstr(why.text, "relay.example:1: refused 1 request of"), "%s", why.text);
    cr_expect_not_null(strstr(why.text, "rule=method"), "%s", why.text);
    cr_assert(complaint_hear(&c, "relay.example:1", &two, 5, &why));
    cr_expect_not_null(strstr(why.text, "refused 2 requests of"), "%s", why.text);
}

BEAM_TEST(complaint, who_tells_too_much_is_not_heard)
{
    const struct visit_head notice = {.rule = "method", .count = 1};
    struct complaint c = {.until = 0};
    struct beam_why why;
    int heard = 0;
    for (uint64_t now = 1000; now < 1100; now++)
        heard += complaint_hear(&c, "r", &notice, now, &why);
    cr_expect_eq(heard, 16);
    cr_expect(complaint_hear(&c, "r", &notice, 61000, &why), "a minute later");
}
