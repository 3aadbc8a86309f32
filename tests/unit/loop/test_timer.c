/* SPDX-License-Identifier: BSD-3-Clause */
#include "loop/timer.h"

#include "tests/unit/harness.h"
#include "tests/unit/seed.h"

enum { TIMERS = 300, STEPS = 20000, SPAN = 1000 };

static uint64_t earliest(const struct loop_timer *timers)
{
    uint64_t first = UINT64_MAX;
    for (size_t i = 0; i < TIMERS; i++)
        if (timers[i].on && timers[i].due < first)
            first = timers[i].due;
    return first;
}

static void check_first(const struct timer_heap *h, const struct loop_timer *timers)
{
    const struct loop_timer *first = timer_first(h);
    cr_assert_eq(first ? first->due : UINT64_MAX, earliest(timers));
}

/* Puts, takes and collects at random, held against an array that is searched from end to end. */
BEAM_TEST(timer, keeps_the_order_of_time)
{
    static struct loop_timer timers[TIMERS];
    struct seed seed = seed_start("timer");
    struct timer_heap h = {0};
    uint64_t now = 0;
    for (size_t step = 0; step < STEPS; step++) {
        struct loop_timer *t = &timers[seed_below(&seed, TIMERS)];
        if (t->on)
            timer_take(&h, t);
        t->on = !t->on;
        t->due = now + seed_below(&seed, SPAN);
        if (t->on)
            timer_put(&h, t);
        check_first(&h, timers);
        if (step % 16 != 0)
            continue;
        now += seed_below(&seed, 40);
        uint64_t before = 0;
        timer_collect(&h, now);
        for (struct loop_timer *due; (due = timer_pop(&h)) != NULL; before = due->due) {
            cr_assert(due->on && due->due <= now && due->due >= before);
            due->on = false;
        }
        cr_assert_gt(earliest(timers), now);
        check_first(&h, timers);
    }
}

BEAM_TEST(timer, batch_is_closed_and_can_be_left)
{
    struct timer_heap h = {0};
    struct loop_timer a = {.due = 1}, b = {.due = 2}, c = {.due = 3}, late = {.due = 2};
    timer_put(&h, &c);
    timer_put(&h, &a);
    timer_put(&h, &b);
    timer_collect(&h, 3);
    cr_assert_null(timer_first(&h));
    cr_assert_eq(timer_pop(&h), &a);
    timer_put(&h, &late);
    timer_collect(&h, 3); /* not before the batch at hand is done */
    timer_take(&h, &b);
    cr_assert_eq(timer_pop(&h), &c);
    cr_assert_null(timer_pop(&h));
    cr_assert_eq(timer_first(&h), &late);
    timer_collect(&h, 3);
    cr_assert_eq(timer_pop(&h), &late);
    cr_assert_null(timer_first(&h));
}
