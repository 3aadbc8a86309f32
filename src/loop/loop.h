/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The event loop: libevent for readiness, timers and signals, and nothing
 * else of it. One loop a thread; nothing here may be called from another.
 * Tasks, timers and watches are embedded in what uses them: starting one
 * allocates nothing. All are one owner's, zeroed before their first use, and
 * must be stopped before their memory goes; stopping a stopped one is fine, and
 * so is starting a started one (it is started anew).
 */
#ifndef BEAM_LOOP_LOOP_H
#define BEAM_LOOP_LOOP_H

#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"

struct loop;
struct pipe_pool;

/* 0, BEAM_ENOMEM or BEAM_EIO. From the first on this process ignores SIGPIPE:
 * a write to a broken pipe is an error code here and nothing else. */
int loop_new(struct loop **out);
/* Everything started on it must have been stopped. NULL allowed. */
void loop_free(struct loop *l);
/* Runs until loop_stop (at once when that came first). 0 or BEAM_EIO. */
int loop_run(struct loop *l);
/* Makes loop_run return after the callback at hand. */
void loop_stop(struct loop *l);
/* Runs what is due now without waiting, once (for tests). 0 or BEAM_EIO. */
int loop_turn(struct loop *l);

/* Monotonic milliseconds, read once a turn. */
uint64_t loop_now(const struct loop *l);
/* Monotonic microseconds, read at each call. */
uint64_t loop_now_us(const struct loop *l);
/* The blocks of every buf on this loop. Borrowed. */
struct buf_pool *loop_pool(const struct loop *l);
/* The pipes of loop/pipe.h. Borrowed. */
struct pipe_pool *loop_pipes(const struct loop *l);

/* A call to be made soon, outside of the caller's stack: how re-entry is avoided. */
struct loop_task {
    void (*fn)(void *arg);
    void *arg;
    struct loop_task *next, **link; /* private */
};
void loop_task_init(struct loop_task *t, void (*fn)(void *arg), void *arg);
/* Posted twice before it ran, it runs once. In order of posting. */
void loop_post(struct loop *l, struct loop_task *t);
void loop_task_cancel(struct loop *l, struct loop_task *t);

/* What outlives its owner, to finish something, and must not outlive the loop: loop_free calls it
 * unless it was taken out before. It frees itself then. */
struct loop_last {
    void (*fn)(void *arg);
    void *arg;
    struct loop_last *next, **link; /* private */
};
void loop_last_add(struct loop *l, struct loop_last *x, void (*fn)(void *arg), void *arg);
void loop_last_remove(struct loop_last *x);

/* One call after a time, never early. */
struct loop_timer {
    void (*fn)(void *arg);
    void *arg;
    struct loop *loop;                       /* private, down to `on` */
    uint64_t due;                            /* on loop_now's clock */
    struct loop_timer *below, *next, **link; /* see loop/timer.h */
    bool on;
};
void loop_timer_init(struct loop *l, struct loop_timer *t, void (*fn)(void *arg), void *arg);
void loop_timer_set(struct loop_timer *t, uint64_t ms);
void loop_timer_clear(struct loop_timer *t);
bool loop_timer_pending(const struct loop_timer *t);

enum loop_want { LOOP_READ = 1, LOOP_WRITE = 2, LOOP_EDGE = 4 };

/* Calls while a descriptor is ready. With LOOP_EDGE: once each time it becomes so. */
struct loop_watch {
    void (*fn)(void *arg, unsigned ready);
    void *arg;
    struct event ev; /* private */
    bool on;         /* private */
};
/* 0 or BEAM_EIO. `want` of LOOP_… bits. */
int loop_watch_start(struct loop *l, struct loop_watch *w, int fd, unsigned want,
                     void (*fn)(void *arg, unsigned ready), void *arg);
void loop_watch_stop(struct loop_watch *w);

struct loop_signal {
    void (*fn)(void *arg, int signum);
    void *arg;
    struct event ev; /* private */
    bool on;         /* private */
};
int loop_signal_start(struct loop *l, struct loop_signal *s, int signum,
                      void (*fn)(void *arg, int signum), void *arg);
void loop_signal_stop(struct loop_signal *s);

#endif
