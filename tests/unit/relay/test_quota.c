/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/quota.h"

#include <sodium.h>

#include "base/err.h"
#include "tests/unit/harness.h"

static struct quota *make(size_t keys, uint64_t a_second)
{
    struct quota *q = NULL;
    struct bucket_rate rate = bucket_rate(a_second, 1000, a_second);
    cr_assert_geq(sodium_init(), 0);
    cr_assert_eq(quota_new(rng_system(), keys, &q), 0);
    quota_rate(q, &rate);
    return q;
}

BEAM_TEST(quota, each_key_has_its_own)
{
    struct quota *q = make(4, 2);
    uint64_t wait = 0;
    cr_expect(quota_take(q, "a", 1, 0, NULL));
    cr_expect(quota_take(q, "a", 1, 0, NULL));
    cr_expect_not(quota_take(q, "a", 1, 0, &wait));
    cr_expect_eq(wait, 500u);
    cr_expect(quota_take(q, "b", 1, 0, NULL));
    cr_expect(quota_take(q, "a", 1, 500, NULL));
    quota_free(q);
}

BEAM_TEST(quota, what_was_not_used_is_given_back)
{
    const struct bucket_rate rate = bucket_rate(1, 1000, 1);
    struct quota *q = NULL;
    cr_assert_eq(quota_new(rng_system(), 4, &q), 0);
    quota_rate(q, &rate);
    quota_give_back(q, "a", 1);
    cr_expect_eq(quota_keys(q), 0u, "nobody took it");
    cr_expect(quota_take(q, "a", 1, 1000, NULL));
    cr_expect_not(quota_take(q, "a", 1, 1000, NULL));
    quota_give_back(q, "a", 1);
    cr_expect(quota_take(q, "a", 1, 1000, NULL));
    quota_free(q);
}

BEAM_TEST(quota, the_table_is_bounded_and_who_asked_long_ago_makes_room)
{
    struct quota *q = make(2, 1);
    cr_expect(quota_take(q, "a", 1, 0, NULL));
    cr_expect(quota_take(q, "b", 1, 0, NULL));
    cr_expect_not(quota_take(q, "a", 1, 0, NULL), "and a is the last that asked now");
    cr_expect(quota_take(q, "c", 1, 0, NULL));
    cr_expect_eq(quota_keys(q), 2u);
    cr_expect_not(quota_take(q, "a", 1, 0, NULL), "still known");
    cr_expect(quota_take(q, "b", 1, 0, NULL), "forgotten");
    quota_free(q);
}

BEAM_TEST(quota, who_holds_something_is_not_forgotten)
{
    struct quota *q = make(2, 1);
    cr_expect(quota_enter(q, "a", 1, 2));
    cr_expect(quota_enter(q, "a", 1, 2));
    cr_expect_not(quota_enter(q, "a", 1, 2));
    cr_expect(quota_enter(q, "b", 1, 2));
    cr_expect_not(quota_enter(q, "c", 1, 2), "no room");
    cr_expect(quota_take(q, "c", 1, 0, NULL), "but it is let pass");
    quota_leave(q, "a", 1);
    cr_expect(quota_enter(q, "a", 1, 2));
    quota_leave(q, "b", 1);
    cr_expect(quota_enter(q, "c", 1, 2));
    cr_expect_eq(quota_keys(q), 2u);
    quota_leave(q, "b", 1);
    quota_free(q);
}

BEAM_TEST(quota, without_a_rate_nothing_is_kept)
{
    struct quota *q = make(2, 0);
    char long_key[QUOTA_KEY_MAX + 1] = {0};
    for (char c = 'a'; c < 'z'; c++)
        cr_expect(quota_take(q, &c, 1, 0, NULL));
    cr_expect_eq(quota_keys(q), 0u);
    cr_expect_not(quota_enter(q, long_key, sizeof(long_key), 1));
    cr_expect(quota_enter(q, "a", 1, 0), "any number");
    quota_free(q);
    quota_free(NULL);
}
