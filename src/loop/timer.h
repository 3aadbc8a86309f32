/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The timers of a loop by the time they are due: a pairing heap whose nodes are
 * the timers themselves, so that setting one cannot fail. Those that are due
 * are moved to a batch before the first of them is called, so that a timer set
 * anew by a callback waits for the next turn. Pure.
 */
#ifndef BEAM_LOOP_TIMER_H
#define BEAM_LOOP_TIMER_H

#include "loop/loop.h"

/* Zeroed before its first use. */
struct timer_heap {
    struct loop_timer *root;
    struct loop_timer *batch;
};

/* Puts t in by its `due`; it must not be in already. */
void timer_put(struct timer_heap *h, struct loop_timer *t);
/* Takes t out of the heap or the batch. */
void timer_take(struct timer_heap *h, struct loop_timer *t);
/* The next one due of those not in the batch, or NULL. */
const struct loop_timer *timer_first(const struct timer_heap *h);
/* Moves those due at `now` to the batch, unless some are left there. */
void timer_collect(struct timer_heap *h, uint64_t now);
/* Takes the first out of the batch; NULL when it is empty. */
struct loop_timer *timer_pop(struct timer_heap *h);

#endif
