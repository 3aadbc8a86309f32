/* SPDX-License-Identifier: BSD-3-Clause */
#include "loop/deadline.h"

static void arm(struct loop_deadline *d)
{
    uint64_t now = loop_now(d->timer.loop);
    if (d->due == 0 || (d->armed && d->armed <= d->due))
        return;
    d->armed = d->due;
    loop_timer_set(&d->timer, d->due > now ? d->due - now : 0);
}

static void on_timer(void *arg)
{
    struct loop_deadline *d = arg;
    d->armed = 0;
    if (d->due == 0 || loop_now(d->timer.loop) < d->due) {
        arm(d);
        return;
    }
    d->due = 0;
    d->fn(d->arg); /* the last: it may free */
}

void loop_deadline_init(struct loop *l, struct loop_deadline *d, void (*fn)(void *arg), void *arg)
{
    *d = (struct loop_deadline){.fn = fn, .arg = arg};
    loop_timer_init(l, &d->timer, on_timer, d);
}

void loop_deadline_set(struct loop_deadline *d, uint64_t due)
{
    d->due = due;
    arm(d);
}

void loop_deadline_stop(struct loop_deadline *d)
{
    d->due = d->armed = 0;
    loop_timer_clear(&d->timer);
}
