/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/unit/harness.h"
#include "tests/unit/seed.h"

BEAM_TEST(clock, text_of_known_moments)
{
    static const struct {
        uint64_t ms;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {999, "1970-01-01T00:00:00.999Z"},
        {86399999, "1970-01-01T23:59:59.999Z"},
        {86400000, "1970-01-02T00:00:00.000Z"},
        {68169600000, "1972-02-29T00:00:00.000Z"},
        {951782400000, "2000-02-29T00:00:00.000Z"},
        {951868800000, "2000-03-01T00:00:00.000Z"},
        {1767323045678, "2026-01-02T03:04:05.678Z"},
        {4107542400000, "2100-03-01T00:00:00.000Z"},
        {4107542399999, "2100-02-28T23:59:59.999Z"},
        {253402300799999, "9999-12-31T23:59:59.999Z"},
        {253402300800000, "9999-12-31T23:59:59.999Z"},
        {UINT64_MAX, "9999-12-31T23:59:59.999Z"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char out[CLOCK_TEXT_SIZE];
        clock_text(rows[i].ms, out);
        cr_assert_str_eq(out, rows[i].text);
    }
}

static void against_gmtime(uint64_t ms)
{
    char out[CLOCK_TEXT_SIZE], want[64];
    time_t t = (time_t)(ms / 1000);
    struct tm tm;
    BEAM_CHECK(gmtime_r(&t, &tm) != NULL);
    size_t n = strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(want + n, sizeof(want) - n, ".%03uZ", (unsigned)(ms % 1000));
    clock_text(ms, out);
    BEAM_CHECK(strcmp(out, want) == 0);
}

BEAM_TEST(clock, text_agrees_with_the_c_library)
{
    struct seed s = seed_start("clock");
    /* The first and the last moment of each day of two whole eras of the calendar's cycle, one
     * day in seven; then anywhere. */
    for (uint64_t day = 0; day < 2 * 146097; day += 1 + seed_below(&s, 13)) {
        against_gmtime(day * 86400000);
        against_gmtime(day * 86400000 + 86399999);
    }
    for (int i = 0; i < 20000; i++)
        against_gmtime(seed_below(&s, 253402300800000));
}

BEAM_TEST(clock, system_clocks_run)
{
    const struct clock_source *c = clock_system();
    uint64_t before = c->monotonic_ms(c->arg);
    struct timespec pause = {.tv_nsec = 3000000}, now;
    nanosleep(&pause, NULL);
    uint64_t after = c->monotonic_ms(c->arg);
    cr_assert_geq(after - before, 2u);
    cr_assert_lt(after - before, 60000u);

    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t wall = c->wall_ms(c->arg), here = (uint64_t)now.tv_sec * 1000;
    cr_assert(wall + 60000 > here && wall < here + 60000);
}

static uint64_t at_first(void *arg)
{
    return ((const uint64_t *)arg)[0];
}

static uint64_t at_second(void *arg)
{
    return ((const uint64_t *)arg)[1];
}

BEAM_TEST(clock, a_jump_is_seen_once)
{
    uint64_t at[] = {5000, 1000000000}; /* monotonic, wall */
    const struct clock_source clock = {.monotonic_ms = at_first, .wall_ms = at_second, .arg = at};
    struct clock_jump j;
    clock_jump_begin(&j, &clock);
    at[0] += 3600000;
    at[1] += 3600000 + CLOCK_JUMP_MIN - 1;
    cr_assert_eq(clock_jump_look(&j, &clock), 0, "time went by");
    at[1] -= 259200000;
    cr_assert_eq(clock_jump_look(&j, &clock), -259200000);
    cr_assert_eq(clock_jump_look(&j, &clock), 0);
    at[1] += CLOCK_JUMP_MIN;
    cr_assert_eq(clock_jump_look(&j, &clock), CLOCK_JUMP_MIN);
}
