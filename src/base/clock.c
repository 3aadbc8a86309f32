/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static uint64_t read_clock(clockid_t id)
{
    struct timespec ts = {0};
    clock_gettime(id, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static uint64_t monotonic_ms(void *arg)
{
    (void)arg;
    return read_clock(CLOCK_MONOTONIC);
}

static uint64_t monotonic_us(void *arg)
{
    struct timespec ts = {0};
    (void)arg;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static uint64_t wall_ms(void *arg)
{
    (void)arg;
    return read_clock(CLOCK_REALTIME);
}

const struct clock_source *clock_system(void)
{
    static const struct clock_source source = {
        .monotonic_ms = monotonic_ms, .wall_ms = wall_ms, .monotonic_us = monotonic_us};
    return &source;
}

void clock_jump_begin(struct clock_jump *j, const struct clock_source *clock)
{
    j->ahead = (int64_t)clock->wall_ms(clock->arg) - (int64_t)clock->monotonic_ms(clock->arg);
}

int64_t clock_jump_look(struct clock_jump *j, const struct clock_source *clock)
{
    int64_t before = j->ahead;
    clock_jump_begin(j, clock);
    int64_t jump = j->ahead - before;
    return jump > -CLOCK_JUMP_MIN && jump < CLOCK_JUMP_MIN ? 0 : jump;
}

/*
 * The proleptic Gregorian calendar by arithmetic alone: gmtime_r may read the
 * time zone's file and allocate. Years run from March, so that the leap day is
 * a year's last; an era is the 400 years after which the calendar repeats.
 */
static void civil(uint64_t days, unsigned *year, unsigned *month, unsigned *day)
{
    uint64_t since = days + 719468; /* 0000-03-01 to 1970-01-01 */
    uint64_t era = since / 146097;
    unsigned of_era = (unsigned)(since % 146097);
    unsigned y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    unsigned of_year = of_era - (365 * y + y / 4 - y / 100);
    unsigned m = (5 * of_year + 2) / 153; /* 0 is March */
    *day = of_year - (153 * m + 2) / 5 + 1;
    *month = m < 10 ? m + 3 : m - 9;
    *year = (unsigned)(era * 400) + y + (*month <= 2);
}

void clock_text(uint64_t wall_ms_, char *out)
{
    const uint64_t last = UINT64_C(253402300799999); /* the format has four digits for a year */
    uint64_t at = wall_ms_ < last ? wall_ms_ : last;
    unsigned ms = (unsigned)(at % 1000), sec = (unsigned)(at / 1000 % 86400);
    unsigned year, month, day;
    civil(at / 86400000, &year, &month, &day);
    snprintf(out, CLOCK_TEXT_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", year % 10000, month % 100,
             day % 100, sec / 3600, sec / 60 % 60, sec % 60, ms);
}
