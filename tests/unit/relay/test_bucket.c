/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/bucket.h"

#include "tests/unit/harness.h"

BEAM_TEST(bucket, gives_a_burst_and_then_its_rate)
{
    struct bucket b = {0};
    struct bucket_rate r = bucket_rate(10, 1000, 5);
    uint64_t now = 1000000;
    for (int i = 0; i < 5; i++)
        cr_expect(bucket_take(&b, &r, 1, now));
    cr_expect_not(bucket_take(&b, &r, 1, now));
    cr_expect_eq(bucket_wait(&b, &r, 1, now), 100u);
    cr_expect_eq(bucket_used(&b, &r, now), 100u);
    cr_expect_not(bucket_take(&b, &r, 1, now + 99));
    cr_expect(bucket_take(&b, &r, 1, now + 100));
    cr_expect_not(bucket_take(&b, &r, 1, now + 100));
    now += 3600000;
    cr_expect_eq(bucket_used(&b, &r, now), 0u);
    cr_expect_not(bucket_take(&b, &r, 6, now), "more than it ever holds");
    cr_expect(bucket_take(&b, &r, 5, now));
    cr_expect_eq(bucket_wait(&b, &r, 50, now), 500u, "until it is full");
}

BEAM_TEST(bucket, gives_what_there_is)
{
    struct bucket b = {0};
    struct bucket_rate r = bucket_rate(1000, 1000, 1000);
    cr_expect_eq(bucket_take_some(&b, &r, 600, 1), 600u);
    cr_expect_eq(bucket_take_some(&b, &r, 600, 1), 400u);
    cr_expect_eq(bucket_take_some(&b, &r, 600, 1), 0u);
    cr_expect_eq(bucket_take_some(&b, &r, 600, 51), 50u);
}

static uint32_t below(uint32_t *seed, uint32_t bound)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % bound;
}

BEAM_TEST(bucket, owes_what_was_taken_elsewhere_up_to_a_debt)
{
    struct bucket b = {0};
    struct bucket_rate r = bucket_rate(1000, 1000, 500), none = {0};
    uint64_t now = 10000;
    bucket_charge(&b, &r, 200, 300, now);
    cr_expect_eq(bucket_take_some(&b, &r, 900, now), 300u, "what is left");
    bucket_charge(&b, &r, 200, 300, now);
    cr_expect_eq(bucket_take_some(&b, &r, 900, now + 200), 0u, "owed");
    cr_expect_eq(bucket_take_some(&b, &r, 900, now + 210), 10u);
    bucket_charge(&b, &r, UINT64_MAX, 300, now + 210);
    cr_expect_eq(bucket_wait(&b, &r, 1, now + 210), 301u, "no more than the debt");
    bucket_charge(&b, &r, 0, 0, now + 210);
    cr_expect_eq(bucket_wait(&b, &r, 1, now + 210), 1u, "forgiven");
    bucket_give_back(&b, &r, UINT64_MAX);
    cr_expect_eq(bucket_take_some(&b, &r, 900, now + 210), 500u);
    bucket_charge(&b, &none, 5, 5, now);
    cr_expect(bucket_take(&b, &none, 5, now));
}

BEAM_TEST(bucket, a_fast_line_has_its_rate_too)
{
    static const uint64_t rates[] = {100000000, 400000000, 600000000, 700000001, 1250000000};
    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
        struct bucket b = {0};
        struct bucket_rate r = bucket_rate(rates[i], 1000, rates[i]);
        uint64_t taken = 0, whole = 11 * rates[i]; /* the burst, and ten seconds */
        for (uint64_t ms = 0; ms <= 10000; ms++)
            taken += bucket_take_some(&b, &r, 2 * rates[i], 1000000 + ms);
        cr_expect_geq(taken, whole - whole / 1000, "%zu", i);
        cr_expect_leq(taken, whole + whole / 40, "%zu", i);
    }
}

/* Over any time, no more than the burst and the rate of that time; and no less, if it is asked. */
BEAM_TEST(bucket, holds_over_any_time)
{
    uint32_t seed = 1;
    for (int run = 0; run < 200; run++) {
        struct bucket b = {0};
        uint64_t rate = 1 + below(&seed, 1000), burst = 1 + below(&seed, 2000);
        struct bucket_rate r = bucket_rate(rate, 1000, burst);
        uint64_t now = below(&seed, 1000000), begin = now, taken = 0, most;
        for (int i = 0; i < 500; i++) {
            taken += bucket_take_some(&b, &r, below(&seed, 300), now);
            most = burst + (now - begin) * rate / 1000 + 1;
            cr_assert_leq(taken, most);
            now += below(&seed, 50);
        }
        now += 1000;
        taken += bucket_take_some(&b, &r, UINT64_MAX, now);
        cr_assert_leq(bucket_take_some(&b, &r, UINT64_MAX, now), 0u);
    }
}

BEAM_TEST(bucket, without_a_rate_has_no_limit)
{
    struct bucket b = {0};
    struct bucket_rate none = bucket_rate(0, 1000, 5), huge = bucket_rate(UINT64_MAX, 1, 1);
    cr_expect(bucket_take(&b, &none, UINT64_MAX, 1));
    cr_expect_eq(bucket_used(&b, &none, 1), 0u);
    cr_expect_eq(bucket_wait(&b, &none, 9, 1), 0u);
    cr_expect(bucket_take(&b, &huge, UINT64_MAX, 1));
    /* A burst that no number of ticks can hold is a very long one. */
    struct bucket_rate slow = bucket_rate(1, 3600000, UINT64_MAX);
    cr_expect(bucket_take(&b, &slow, 1000, 1));
}
