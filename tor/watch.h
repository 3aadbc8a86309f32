/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is heard of a tor from its start on: how far it is, what keeps it (tor/bootstrap.h, with a
 * timer for when it says nothing at all), whether the wall clock is set meanwhile (a tor that began
 * with a wrong one may not get over it), and whether it still answers (tor/pulse.h).
 */
#ifndef BEAM_TOR_WATCH_H
#define BEAM_TOR_WATCH_H

#include "loop/loop.h"
#include "tor/audience.h"
#include "tor/bootstrap.h"
#include "tor/pulse.h"

struct watch_events {
    const struct audience *audience; /* whose owner hears of progress and trouble */
    void (*done)(void *arg);         /* 100 %; perhaps more than once */
    void (*jumped)(void *arg);       /* the wall clock, before it was done */
    void (*hung)(void *arg);
    void *arg;
};

/* Its memory is the owner's; fields are private to watch.c. */
struct watch {
    struct loop *loop;
    struct watch_events events;
    struct bootstrap bootstrap;
    struct loop_timer timer;
    const struct clock_source *clock;
    struct clock_jump jump;
    struct loop_timer look; /* at the clocks */
    struct pulse pulse;
};

void watch_init(struct loop *l, struct watch *w, const struct watch_events *events);
/* A tor was started now. It is in trouble when it makes no progress for `timeout` ms. `clock` is
 * borrowed until watch_end. */
void watch_begin(struct watch *w, uint64_t timeout, const struct clock_source *clock);
/* What it said: a line of its log; an event, from STATUS_CLIENT or STATUS_GENERAL on (false when it
 * is another). */
void watch_log(struct watch *w, const struct logline *l);
bool watch_event(struct watch *w, const char *text);
/* It is under control: it is asked how far and how old it is, and whether it lives; `control` is
 * borrowed until watch_let_go. 0, or the error of control_send. */
int watch_take(struct watch *w, struct control *control, uint64_t answer_timeout);
/* Before the control is freed. */
void watch_let_go(struct watch *w);
/* Nothing is waited for any more. Implies watch_let_go. */
void watch_end(struct watch *w);
int watch_percent(const struct watch *w);

#endif
