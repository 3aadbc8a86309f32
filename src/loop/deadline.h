/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A timer for a time that moves at every event, nearly always on: it is set anew only when it would
 * come too late, and one that comes too early waits for the rest.
 */
#ifndef BEAM_LOOP_DEADLINE_H
#define BEAM_LOOP_DEADLINE_H

#include "loop/loop.h"

struct loop_deadline { /* private; embedded and zeroed, as what loop/loop.h has */
    struct loop_timer timer;
    uint64_t due, armed; /* 0: none */
    void (*fn)(void *arg);
    void *arg;
};

void loop_deadline_init(struct loop *l, struct loop_deadline *d, void (*fn)(void *arg), void *arg);
/* One call when loop_now is `due`; 0: none. */
void loop_deadline_set(struct loop_deadline *d, uint64_t due);
/* Before its memory goes. */
void loop_deadline_stop(struct loop_deadline *d);

#endif
