/* SPDX-License-Identifier: BSD-3-Clause */
/* Time, replaceable by tests. */
#ifndef BEAM_BASE_CLOCK_H
#define BEAM_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

struct clock_source {
    uint64_t (*monotonic_ms)(void *arg); /* never goes back; starts anywhere */
    uint64_t (*wall_ms)(void *arg);      /* milliseconds since 1970, UTC */
    void *arg;
    uint64_t (*monotonic_us)(void *arg); /* for spans that are short */
};

/* The system's clocks. Static storage. */
const struct clock_source *clock_system(void);

/* Finds out that the wall clock was set, or that the machine was asleep: it runs ahead of the other
 * clock, or behind it. Private to clock.c. */
struct clock_jump {
    int64_t ahead; /* ms, of the wall clock before the other, at the last look */
};

enum { CLOCK_JUMP_MIN = 30 * 1000 }; /* ms; less is no jump */
void clock_jump_begin(struct clock_jump *j, const struct clock_source *clock);
/* By how many ms it has jumped since the last look; 0: it has not. */
int64_t clock_jump_look(struct clock_jump *j, const struct clock_source *clock);

enum { CLOCK_TEXT_SIZE = 25 };
/* "2026-01-02T03:04:05.678Z" (RFC 3339) into out[CLOCK_TEXT_SIZE]. */
void clock_text(uint64_t wall_ms, char *out);

#endif
