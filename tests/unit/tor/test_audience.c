/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/audience.h"

#include "tests/unit/harness.h"

struct hearer {
    struct audience_member member;
    struct audience *audience;
    struct hearer *removes, *adds;
    int heard;
    enum tor_state last;
};

static void on_state(void *arg, enum tor_state state, const struct beam_why *why)
{
    struct hearer *h = arg;
    (void)why;
    h->heard++;
    h->last = state;
    if (h->removes)
        audience_remove(&h->removes->member);
    if (h->adds)
        audience_add(h->audience, &h->adds->member);
}

static void begin(struct hearer *h, struct audience *a)
{
    *h = (struct hearer){.member = {.state = on_state, .arg = h}, .audience = a};
}

BEAM_TEST(audience, all_hear_until_they_go)
{
    struct audience a = {.first = NULL};
    struct hearer one, two;
    begin(&one, &a);
    begin(&two, &a);
    audience_tell(&a, TOR_READY, NULL, 0);
    audience_add(&a, &one.member);
    audience_add(&a, &two.member);
    audience_add(&a, &two.member);
    audience_tell(&a, TOR_READY, NULL, 0);
    audience_tell(&a, TOR_OFF, NULL, 0);
    audience_remove(&one.member);
    audience_remove(&one.member);
    audience_tell(&a, TOR_FAILED, NULL, 0);
    cr_assert_eq(one.heard, 2);
    cr_assert_eq(one.last, TOR_OFF);
    cr_assert_eq(two.heard, 3);
    cr_assert_eq(two.last, TOR_FAILED);
}

BEAM_TEST(audience, members_may_come_and_go_meanwhile)
{
    struct audience a = {.first = NULL};
    struct hearer h[3], late;
    for (int i = 0; i < 3; i++) {
        begin(&h[i], &a);
        audience_add(&a, &h[i].member);
    }
    begin(&late, &a);
    /* Each is told once, the last one added first; it takes itself and the next away. */
    h[2].removes = &h[2];
    h[1].removes = &h[0];
    h[1].adds = &late;
    audience_tell(&a, TOR_READY, NULL, 0);
    cr_assert_eq(h[2].heard, 1);
    cr_assert_eq(h[1].heard, 1);
    cr_assert_eq(h[0].heard, 0, "gone before its turn");
    cr_assert_eq(late.heard, 0, "come after the change");
    h[1].removes = NULL;
    h[1].adds = NULL;
    audience_tell(&a, TOR_OFF, NULL, 0);
    cr_assert_eq(h[1].heard + late.heard, 3);
    cr_assert_eq(h[2].heard + h[0].heard, 1);
}
