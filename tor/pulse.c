/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/pulse.h"

enum { GRACE = 1000 }; /* ms */

static int ask(struct pulse *p);

static void on_answer(void *arg, const struct control_reply *r)
{
    struct pulse *p = arg;
    (void)r; /* whatever it says, it lives */
    p->waiting = p->late = false;
    loop_timer_set(&p->timer, p->timeout / 2);
}

/*
 * Where it was we who did not run (the machine was suspended, beam itself was stopped), the answer
 * has long been in our socket: the loop has time to find it before anything is made of this.
 */
static void on_timer(void *arg)
{
    struct pulse *p = arg;
    if (!p->waiting) {
        (void)ask(p); /* a connection that takes no commands is ending, and its owner is told */
    } else if (!p->late) {
        p->late = true;
        loop_timer_set(&p->timer, GRACE);
    } else {
        p->hung(p->arg);
    }
}

static int ask(struct pulse *p)
{
    /* A question that a filter in front of a control port is bound to allow. */
    int err = control_send(p->control, on_answer, p, "GETINFO status/bootstrap-phase");
    if (err < 0)
        return err;
    p->waiting = true;
    loop_timer_set(&p->timer, p->timeout);
    return 0;
}

int pulse_start(struct loop *l, struct pulse *p, struct control *control, uint64_t timeout,
                void (*hung)(void *arg), void *arg)
{
    *p = (struct pulse){.control = control, .timeout = timeout, .hung = hung, .arg = arg};
    loop_timer_init(l, &p->timer, on_timer, p);
    return ask(p);
}

void pulse_stop(struct pulse *p)
{
    if (p->control)
        loop_timer_clear(&p->timer);
    p->control = NULL;
}
