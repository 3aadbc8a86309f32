/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For tests in long loops. Random choices that can be made again: the seed is printed, and
 * BEAM_TEST_SEED in the environment gives one (SplitMix64). And an assertion that costs nothing
 * while it holds: Criterion's own tell its parent process each time.
 */
#ifndef BEAM_TESTS_UNIT_SEED_H
#define BEAM_TESTS_UNIT_SEED_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <criterion/criterion.h>

#define BEAM_CHECK(condition)                                                                      \
    do {                                                                                           \
        if (!(condition))                                                                          \
            cr_assert_fail("%s", #condition);                                                      \
    } while (0)

struct seed {
    uint64_t state;
};

static inline uint64_t seed_next(struct seed *s)
{
    uint64_t z = s->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Below `bound`, near enough to uniform for a test. */
static inline size_t seed_below(struct seed *s, size_t bound)
{
    return (size_t)(seed_next(s) % bound);
}

static inline void seed_fill(struct seed *s, void *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)out)[i] = (uint8_t)seed_next(s);
}

static inline struct seed seed_start(const char *test)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    const char *given = getenv("BEAM_TEST_SEED");
    struct seed s = {given ? strtoull(given, NULL, 10)
                           : (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec};
    fprintf(stderr, "%s: BEAM_TEST_SEED=%llu\n", test, (unsigned long long)s.state);
    return s;
}

#endif
