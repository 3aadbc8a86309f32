/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whether a tor lives that holds its control connection open: it is asked
 * something small again and again, and one that leaves a question unanswered
 * for too long is hung (stopped, swapped out, in a loop), whatever its process
 * looks like.
 */
#ifndef BEAM_TOR_PULSE_H
#define BEAM_TOR_PULSE_H

#include "tor/control.h"

/* Its memory is the owner's; fields are private to pulse.c. */
struct pulse {
    struct control *control;
    uint64_t timeout; /* ms */
    void (*hung)(void *arg);
    void *arg;
    struct loop_timer timer;
    bool waiting; /* for an answer */
    bool late;    /* it was not there in time */
};

/*
 * Asks now and then each half of `timeout` ms; an answer that is not there after `timeout` makes
 * `hung` be called from the loop, once, and nothing is asked any more. `control` is borrowed until
 * pulse_stop. 0, or the error of control_send.
 */
int pulse_start(struct loop *l, struct pulse *p, struct control *control, uint64_t timeout,
                void (*hung)(void *arg), void *arg);
/* Before the control is freed. Zeroed is fine, as is a second time. */
void pulse_stop(struct pulse *p);

#endif
