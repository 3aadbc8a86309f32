/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/backoff.h"

#include "tests/unit/harness.h"

BEAM_TEST(backoff, doubles_up_to_its_ceiling)
{
    cr_assert_eq(backoff_pause(0, 250, 60000), 250u);
    cr_assert_eq(backoff_pause(1, 250, 60000), 500u);
    cr_assert_eq(backoff_pause(7, 250, 60000), 32000u);
    cr_assert_eq(backoff_pause(8, 250, 60000), 60000u);
    cr_assert_eq(backoff_pause(UINT32_MAX, 250, 60000), 60000u);
    cr_assert_eq(backoff_pause(64, 1, UINT64_MAX), UINT64_MAX);
    cr_assert_eq(backoff_pause(0, 250, 100), 100u);
    cr_assert_eq(backoff_pause(3, 0, 100), 0u);
}
