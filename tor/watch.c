/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/watch.h"

#include <string.h>

#include "base/text.h"

enum { LOOK = 5000 }; /* ms between looks at the clocks */

static void arm(struct watch *w)
{
    uint64_t due = bootstrap_due(&w->bootstrap), now = loop_now(w->loop);
    if (due == UINT64_MAX)
        loop_timer_clear(&w->timer);
    else
        loop_timer_set(&w->timer, due > now ? due - now : 0);
}

/* `news` as of bootstrap.h. */
static void tell(struct watch *w, unsigned news)
{
    const struct watch_events *ev = &w->events;
    arm(w);
    if (news & BOOTSTRAP_PROGRESS)
        audience_progress(ev->audience, w->bootstrap.percent, w->bootstrap.summary);
    if (news & BOOTSTRAP_TROUBLE)
        audience_warn(ev->audience, &w->bootstrap.why);
    if (news & BOOTSTRAP_DONE)
        ev->done(ev->arg);
}

static void on_timer(void *arg)
{
    struct watch *w = arg;
    tell(w, bootstrap_tick(&w->bootstrap, loop_now(w->loop)));
}

static void on_look(void *arg)
{
    struct watch *w = arg;
    if (w->bootstrap.done)
        return;
    loop_timer_set(&w->look, LOOK);
    if (clock_jump_look(&w->jump, w->clock) != 0)
        w->events.jumped(w->events.arg);
}

void watch_init(struct loop *l, struct watch *w, const struct watch_events *events)
{
    *w = (struct watch){.loop = l, .events = *events};
    loop_timer_init(l, &w->timer, on_timer, w);
    loop_timer_init(l, &w->look, on_look, w);
}

void watch_begin(struct watch *w, uint64_t timeout, const struct clock_source *clock)
{
    w->clock = clock;
    clock_jump_begin(&w->jump, clock);
    loop_timer_set(&w->look, LOOK);
    bootstrap_init(&w->bootstrap, loop_now(w->loop), timeout);
    arm(w);
}

void watch_log(struct watch *w, const struct logline *l)
{
    tell(w, bootstrap_log(&w->bootstrap, l));
}

static void status(struct watch *w, const char *text)
{
    tell(w, bootstrap_status(&w->bootstrap, loop_now(w->loop), text));
}

bool watch_event(struct watch *w, const char *text)
{
    const char *rest = control_after(text, "STATUS_CLIENT");
    if (!rest)
        rest = control_after(text, "STATUS_GENERAL");
    if (rest)
        status(w, rest);
    return rest != NULL;
}

static void on_phase(void *arg, const struct control_reply *r)
{
    static const char key[] = "status/bootstrap-phase=";
    struct watch *w = arg;
    const char *text = r->lines[0].text;
    if (r->code == 250 && strncmp(text, key, sizeof(key) - 1) == 0)
        status(w, text + sizeof(key) - 1);
    /* It may have been done before it was under control. */
    if (w->bootstrap.done)
        w->events.done(w->events.arg);
}

/* One that is not ours may be old already; where a filter does not let us ask, it is new to us. */
static void on_uptime(void *arg, const struct control_reply *r)
{
    static const char key[] = "uptime=";
    struct watch *w = arg;
    const char *text = r->lines[0].text;
    uint64_t seconds = 0;
    if (r->code != 250 || strncmp(text, key, sizeof(key) - 1) != 0)
        return;
    text += sizeof(key) - 1;
    if (text_number(text, strlen(text), UINT32_MAX, &seconds) < 0)
        return;
    bootstrap_age(&w->bootstrap, loop_now(w->loop), seconds * 1000);
    arm(w);
}

int watch_take(struct watch *w, struct control *control, uint64_t answer_timeout)
{
    int err = control_send(control, on_phase, w, "GETINFO status/bootstrap-phase");
    if (err == 0)
        err = control_send(control, on_uptime, w, "GETINFO uptime");
    if (err == 0)
        err =
            pulse_start(w->loop, &w->pulse, control, answer_timeout, w->events.hung, w->events.arg);
    return err;
}

void watch_let_go(struct watch *w)
{
    pulse_stop(&w->pulse);
}

void watch_end(struct watch *w)
{
    watch_let_go(w);
    loop_timer_clear(&w->timer);
    loop_timer_clear(&w->look);
}

int watch_percent(const struct watch *w)
{
    return w->bootstrap.percent;
}
