/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/rng.h"

#include <string.h>

#include <sodium.h>

#include "tests/unit/harness.h"
#include "tests/unit/seed.h"

struct script {
    const uint32_t *values;
    size_t at;
};

static void fill_script(void *arg, void *out, size_t len)
{
    struct script *s = arg;
    cr_assert_eq(len, sizeof(uint32_t));
    memcpy(out, &s->values[s->at++], len);
}

static uint32_t below(uint32_t bound, const uint32_t *values, size_t *drawn)
{
    struct script s = {values, 0};
    struct rng rng = {fill_script, &s};
    uint32_t v = rng_below(&rng, bound);
    *drawn = s.at;
    return v;
}

BEAM_TEST(rng, below_draws_again_on_the_values_too_many)
{
    size_t drawn;
    /* 2^32 = 3 * 1431655765 + 1: the very last value would favour 0. */
    cr_assert_eq(below(3, (const uint32_t[]){UINT32_MAX, UINT32_MAX, 5}, &drawn), 2u);
    cr_assert_eq(drawn, 3u);
    cr_assert_eq(below(3, (const uint32_t[]){UINT32_MAX - 1}, &drawn), 2u);
    cr_assert_eq(drawn, 1u);
    /* Nothing is too many of a power of two. */
    cr_assert_eq(below(1u << 31, (const uint32_t[]){UINT32_MAX}, &drawn), (1u << 31) - 1);
    cr_assert_eq(drawn, 1u);
    cr_assert_eq(below(1, (const uint32_t[]){UINT32_MAX}, &drawn), 0u);
    cr_assert_eq(drawn, 1u);
    /* The largest bound leaves one value out. */
    cr_assert_eq(below(UINT32_MAX, (const uint32_t[]){UINT32_MAX, UINT32_MAX - 1}, &drawn),
                 UINT32_MAX - 1);
    cr_assert_eq(drawn, 2u);
    /* 2^31 + 1 refuses nearly half. */
    cr_assert_eq(
        below((1u << 31) + 1, (const uint32_t[]){(1u << 31) + 1, UINT32_MAX, 1u << 31}, &drawn),
        1u << 31);
    cr_assert_eq(drawn, 3u);
}

BEAM_TEST(rng, system_fills_and_reaches_every_value)
{
    BEAM_CHECK(sodium_init() >= 0);
    const struct rng *rng = rng_system();
    uint8_t a[32] = {0}, b[32] = {0};
    rng->fill(rng->arg, a, sizeof(a));
    rng->fill(rng->arg, b, sizeof(b));
    BEAM_CHECK(memcmp(a, b, sizeof(a)) != 0);

    unsigned seen[10] = {0};
    for (int i = 0; i < 2000; i++) {
        uint32_t v = rng_below(rng, 10);
        BEAM_CHECK(v < 10u);
        seen[v]++;
    }
    for (size_t i = 0; i < 10; i++)
        BEAM_CHECK(seen[i] > 0u);
}
