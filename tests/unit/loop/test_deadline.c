/* SPDX-License-Identifier: BSD-3-Clause */
#include "loop/deadline.h"

#include "tests/unit/harness.h"
#include "tests/unit/loop/until.h"

enum { SOON_MS = 10, LATER_MS = 40, LONG_MS = 60 * 60 * 1000 };

struct scene {
    struct loop *loop;
    struct loop_deadline d;
    struct loop_deadline other;
    unsigned calls, others;
    uint64_t at;
};

static void on_due(void *arg)
{
    struct scene *s = arg;
    s->calls++;
    s->at = loop_now(s->loop);
}

static void on_other(void *arg)
{
    ((struct scene *)arg)->others++;
}

static void set_up(struct scene *s)
{
    *s = (struct scene){.loop = until_loop_new()};
    loop_deadline_init(s->loop, &s->d, on_due, s);
    loop_deadline_init(s->loop, &s->other, on_other, s);
}

static void tear_down(struct scene *s)
{
    loop_deadline_stop(&s->d);
    loop_deadline_stop(&s->other);
    loop_free(s->loop);
}

static bool was_called(void *arg)
{
    return ((struct scene *)arg)->calls > 0;
}

static bool other_was_called(void *arg)
{
    return ((struct scene *)arg)->others > 0;
}

BEAM_TEST(deadline, that_moves_away_is_met_once_and_not_early)
{
    struct scene s;
    set_up(&s);
    uint64_t due = loop_now(s.loop) + LATER_MS;
    loop_deadline_set(&s.d, due - LATER_MS + SOON_MS);
    loop_deadline_set(&s.d, due);
    cr_assert(until(s.loop, was_called, &s));
    cr_expect_geq(s.at, due);
    loop_deadline_set(&s.other, loop_now(s.loop) + LATER_MS);
    cr_assert(until(s.loop, other_was_called, &s));
    cr_expect_eq(s.calls, 1u);
    tear_down(&s);
}

BEAM_TEST(deadline, that_moves_near_is_met_in_time)
{
    struct scene s;
    set_up(&s);
    loop_deadline_set(&s.d, loop_now(s.loop) + LONG_MS);
    loop_deadline_set(&s.d, loop_now(s.loop) + SOON_MS);
    cr_assert(until(s.loop, was_called, &s));
    tear_down(&s);
}

BEAM_TEST(deadline, that_is_no_more_calls_nobody)
{
    struct scene s;
    set_up(&s);
    loop_deadline_set(&s.d, loop_now(s.loop) + SOON_MS);
    loop_deadline_set(&s.d, 0);
    loop_deadline_set(&s.other, loop_now(s.loop) + LATER_MS);
    cr_assert(until(s.loop, other_was_called, &s));
    cr_expect_eq(s.calls, 0u);
    loop_deadline_set(&s.d, loop_now(s.loop) + SOON_MS);
    cr_assert(until(s.loop, was_called, &s), "and can be set again");
    tear_down(&s);
}
