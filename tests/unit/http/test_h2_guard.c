/* SPDX-License-Identifier: BSD-3-Clause */
#include "http/h2_guard.h"
#include "tests/unit/harness.h"

enum { START = 1000 };

BEAM_TEST(h2_guard, a_burst_and_a_rate)
{
    struct h2_guard g;
    h2_guard_init(&g, START);
    for (int i = 0; i < H2_GUARD_FRAMES; i++)
        cr_assert(h2_guard_frame(&g, START));
    cr_expect_not(h2_guard_frame(&g, START));
    cr_expect_not(h2_guard_frame(&g, START + 1000 / H2_GUARD_FRAMES_RATE - 1));
    cr_expect(h2_guard_frame(&g, START + 1000 / H2_GUARD_FRAMES_RATE));
    cr_expect(h2_guard_reset(&g, START));
}

BEAM_TEST(h2_guard, useful_work_earns_more_but_no_larger_burst)
{
    struct h2_guard g;
    h2_guard_init(&g, START);
    for (int i = 0; i < H2_GUARD_RESETS; i++)
        cr_assert(h2_guard_reset(&g, START));
    cr_expect_not(h2_guard_reset(&g, START));
    h2_guard_earn_reset(&g);
    cr_expect(h2_guard_reset(&g, START));
    cr_expect_not(h2_guard_reset(&g, START));
    for (int i = 0; i < 2 * H2_GUARD_RESETS; i++)
        h2_guard_earn_reset(&g);
    for (int i = 0; i < H2_GUARD_RESETS; i++)
        cr_assert(h2_guard_reset(&g, START));
    cr_expect_not(h2_guard_reset(&g, START));
    for (int i = 0; i < 2 * H2_GUARD_FRAMES; i++) {
        h2_guard_earn_frames(&g);
        cr_assert(h2_guard_frame(&g, START));
    }
}

BEAM_TEST(h2_guard, bytes_must_be_of_some_use)
{
    struct h2_guard g;
    h2_guard_init(&g, START);
    cr_expect(h2_guard_bytes(&g, H2_GUARD_BYTES, START));
    cr_expect_not(h2_guard_bytes(&g, 1, START));
    h2_guard_earn_bytes(&g, 100);
    cr_expect(h2_guard_bytes(&g, (size_t)100 * H2_GUARD_BYTES_EARNED, START));
    cr_expect_not(h2_guard_bytes(&g, 1, START));
    cr_expect(h2_guard_bytes(&g, H2_GUARD_BYTES_RATE, START + 1000));
    for (int i = 0; i < 10000; i++) {
        h2_guard_earn_bytes(&g, 16384);
        cr_assert(h2_guard_bytes(&g, 16393, START + 1000));
    }
}

BEAM_TEST(h2_guard, a_clock_that_stands_or_leaps)
{
    struct h2_guard g;
    h2_guard_init(&g, START);
    for (int i = 0; i < H2_GUARD_RESETS; i++)
        cr_assert(h2_guard_reset(&g, 0));
    cr_expect_not(h2_guard_reset(&g, 0));
    cr_expect(h2_guard_reset(&g, UINT64_MAX));
    for (int i = 1; i < H2_GUARD_RESETS; i++)
        cr_assert(h2_guard_reset(&g, UINT64_MAX));
    cr_expect_not(h2_guard_reset(&g, UINT64_MAX));
}
