/* SPDX-License-Identifier: BSD-3-Clause */
/* Running a loop until something has come true, for the tests of all that lives on one. */
#ifndef BEAM_TESTS_UNIT_LOOP_UNTIL_H
#define BEAM_TESTS_UNIT_LOOP_UNTIL_H

#include "loop/loop.h"
#include "tests/unit/harness.h"

enum { UNTIL_MS = 15000 }; /* a test that waits longer has failed */

struct until {
    struct loop *loop;
    struct loop_timer tick;
    uint64_t deadline;
    bool (*is_true)(void *arg);
    void *arg;
    bool held;
};

static inline void until_tick(void *arg)
{
    struct until *u = arg;
    u->held = u->is_true(u->arg);
    if (u->held || loop_now(u->loop) > u->deadline)
        loop_stop(u->loop);
    else
        loop_timer_set(&u->tick, 1);
}

/* Runs l until is_true(arg); false when that took too long. */
static inline bool until(struct loop *l, bool (*is_true)(void *arg), void *arg)
{
    struct until u = {
        .loop = l, .deadline = loop_now(l) + UNTIL_MS, .is_true = is_true, .arg = arg};
    loop_timer_init(l, &u.tick, until_tick, &u);
    loop_timer_set(&u.tick, 0);
    cr_assert_eq(loop_run(l), 0);
    return u.held;
}

static inline bool until_flag_set(void *arg)
{
    return *(bool *)arg;
}

static inline bool until_flag(struct loop *l, bool *flag)
{
    return until(l, until_flag_set, flag);
}

static inline struct loop *until_loop_new(void)
{
    struct loop *l = NULL;
    cr_assert_eq(loop_new(&l), 0);
    cr_assert_not_null(l);
    return l;
}

#endif
