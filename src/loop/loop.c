/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A turn is: poll and call what is ready, call the timers that are due, but not too many of them,
 * run the tasks that were posted so far. What is left of the timers, and what tasks post in their
 * turn, waits until after the next poll, so that neither can starve the descriptors.
 */
#include "loop/loop.h"

#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "loop/pipe.h"
#include "loop/timer.h"

enum {
    POOL_KEEP = 64,    /* idle blocks kept for use again: 2 MiB */
    TIMERS_A_TURN = 64 /* those who came at once have their deadlines at once */
};

struct loop {
    struct event_base *base;
    struct buf_pool *pool;
    struct pipe_pool *pipes;
    struct loop_task *posted, **posted_end;
    struct loop_task *running; /* what is left of the batch being run */
    struct loop_last *last;
    struct timer_heap timers;
    struct event wake; /* ends the poll when the first timer is due */
    uint64_t wake_at;
    bool wake_set;
    bool stopped;
    bool now_read; /* in this turn */
    uint64_t now;
};

static void speak(int severity, const char *text)
{
    log_write(severity >= EVENT_LOG_ERR ? LOG_ERROR : LOG_WARN, "loop", "libevent: %s", text);
}

static void on_wake(evutil_socket_t fd, short events, void *arg)
{
    (void)fd;
    (void)events;
    ((struct loop *)arg)->wake_set = false;
}

static int base_new(struct event_base **out)
{
    struct event_config *config = event_config_new();
    if (!config)
        return BEAM_ENOMEM;
    /* No behaviour of ours hangs on libevent's own environment variables. */
    int bad = event_config_set_flag(config, EVENT_BASE_FLAG_IGNORE_ENV | EVENT_BASE_FLAG_NOLOCK);
    bad |= event_config_require_features(config, EV_FEATURE_ET);
    struct event_base *base = bad ? NULL : event_base_new_with_config(config);
    event_config_free(config);
    if (!base)
        return BEAM_EIO;
    *out = base;
    return 0;
}

/* SIGPIPE: writev has no flag against it. SIGCHLD: where whoever started us
 * had it ignored, the kernel would reap our children before we see how they ended. */
static int set_signals(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN}, normal = {.sa_handler = SIG_DFL};
    if (sigaction(SIGPIPE, &ignore, NULL) < 0 || sigaction(SIGCHLD, &normal, NULL) < 0)
        return BEAM_EIO;
    return 0;
}

int loop_new(struct loop **out)
{
    static const struct timeval far = {.tv_sec = 3600};
    int err = BEAM_ENOMEM;
    struct loop *l = calloc(1, sizeof(*l));
    if (!l)
        return BEAM_ENOMEM;
    event_set_log_callback(speak);
    l->posted_end = &l->posted;
    err = set_signals();
    if (err == 0)
        err = buf_pool_new(POOL_KEEP, &l->pool);
    if (err == 0)
        err = pipe_pool_new(&l->pipes);
    if (err < 0)
        goto out;
    err = base_new(&l->base);
    if (err < 0)
        goto out;
    /* Set once here, libevent has the room to set it ever after. */
    err = BEAM_ENOMEM;
    if (event_assign(&l->wake, l->base, -1, 0, on_wake, l) < 0 || event_add(&l->wake, &far) < 0)
        goto out;
    event_del(&l->wake);
    *out = l;
    return 0;
out:
    loop_free(l);
    return err;
}

void loop_free(struct loop *l)
{
    if (!l)
        return;
    while (l->last) {
        struct loop_last *x = l->last;
        loop_last_remove(x);
        x->fn(x->arg);
    }
    if (l->base)
        event_base_free(l->base);
    buf_pool_free(l->pool);
    pipe_pool_free(l->pipes);
    free(l);
}

void loop_last_add(struct loop *l, struct loop_last *x, void (*fn)(void *arg), void *arg)
{
    *x = (struct loop_last){.fn = fn, .arg = arg, .next = l->last, .link = &l->last};
    if (x->next)
        x->next->link = &x->next;
    l->last = x;
}

void loop_last_remove(struct loop_last *x)
{
    *x->link = x->next;
    if (x->next)
        x->next->link = x->link;
}

/* Sees to it that the poll ends when the first timer is due. A wake that is
 * set too early does no harm. */
static void arm(struct loop *l)
{
    const struct loop_timer *first = timer_first(&l->timers);
    if (!first || (l->wake_set && l->wake_at <= first->due))
        return;
    uint64_t now = loop_now(l);
    uint64_t ms = first->due > now ? first->due - now : 0;
    struct timeval tv = {.tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000) * 1000};
    l->wake_set = event_add(&l->wake, &tv) == 0;
    l->wake_at = first->due;
}

static void run_timers(struct loop *l)
{
    struct loop_timer *t;
    if (!l->timers.batch && !l->timers.root)
        return;
    timer_collect(&l->timers, loop_now(l));
    for (int n = 0; n < TIMERS_A_TURN && !l->stopped && (t = timer_pop(&l->timers)); n++) {
        t->on = false;
        t->fn(t->arg);
    }
}

static void run_tasks(struct loop *l)
{
    if (!l->running && l->posted) {
        l->running = l->posted;
        l->running->link = &l->running;
        l->posted = NULL;
        l->posted_end = &l->posted;
    }
    while (!l->stopped && l->running) {
        struct loop_task *t = l->running;
        l->running = t->next;
        if (t->next)
            t->next->link = &l->running;
        t->next = NULL;
        t->link = NULL;
        t->fn(t->arg);
    }
}

static int turn(struct loop *l, bool wait)
{
    int flags = EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY;
    if (l->posted || l->running || l->timers.batch)
        wait = false;
    l->now_read = false;
    if (wait)
        arm(l);
    else
        flags |= EVLOOP_NONBLOCK;
    l->now_read = false; /* the poll may take minutes: what it calls must not count from before */
    int err = event_base_loop(l->base, flags) < 0 ? BEAM_EIO : 0;
    l->now_read = false;
    run_timers(l);
    run_tasks(l);
    return err;
}

int loop_run(struct loop *l)
{
    int err = 0;
    while (!l->stopped && err == 0)
        err = turn(l, true);
    l->stopped = false;
    return err;
}

int loop_turn(struct loop *l)
{
    int err = turn(l, false);
    l->stopped = false;
    return err;
}

void loop_stop(struct loop *l)
{
    l->stopped = true;
    event_base_loopbreak(l->base);
}

uint64_t loop_now(const struct loop *l)
{
    /* The reading is a cache, no part of what a const loop promises. */
    struct loop *cache = (struct loop *)l;
    if (!l->now_read) {
        cache->now = clock_system()->monotonic_ms(clock_system()->arg);
        cache->now_read = true;
    }
    return l->now;
}

uint64_t loop_now_us(const struct loop *l)
{
    (void)l;
    return clock_system()->monotonic_us(clock_system()->arg);
}

struct buf_pool *loop_pool(const struct loop *l)
{
    return l->pool;
}

struct pipe_pool *loop_pipes(const struct loop *l)
{
    return l->pipes;
}

void loop_task_init(struct loop_task *t, void (*fn)(void *arg), void *arg)
{
    *t = (struct loop_task){.fn = fn, .arg = arg};
}

void loop_post(struct loop *l, struct loop_task *t)
{
    if (t->link)
        return;
    t->next = NULL;
    t->link = l->posted_end;
    *l->posted_end = t;
    l->posted_end = &t->next;
}

void loop_task_cancel(struct loop *l, struct loop_task *t)
{
    if (!t->link)
        return;
    if (l->posted_end == &t->next)
        l->posted_end = t->link;
    *t->link = t->next;
    if (t->next)
        t->next->link = t->link;
    t->next = NULL;
    t->link = NULL;
}

void loop_timer_init(struct loop *l, struct loop_timer *t, void (*fn)(void *arg), void *arg)
{
    *t = (struct loop_timer){.fn = fn, .arg = arg, .loop = l};
}

void loop_timer_set(struct loop_timer *t, uint64_t ms)
{
    loop_timer_clear(t);
    uint64_t now = loop_now(t->loop);
    t->due = ms < UINT64_MAX - now ? now + ms : UINT64_MAX;
    t->on = true;
    timer_put(&t->loop->timers, t);
}

void loop_timer_clear(struct loop_timer *t)
{
    if (!t->on)
        return;
    t->on = false;
    timer_take(&t->loop->timers, t);
}

bool loop_timer_pending(const struct loop_timer *t)
{
    return t->on;
}

static void on_ready(evutil_socket_t fd, short events, void *arg)
{
    struct loop_watch *w = arg;
    unsigned ready = 0;
    (void)fd;
    if (events & EV_READ)
        ready |= LOOP_READ;
    if (events & EV_WRITE)
        ready |= LOOP_WRITE;
    w->fn(w->arg, ready);
}

int loop_watch_start(struct loop *l, struct loop_watch *w, int fd, unsigned want,
                     void (*fn)(void *arg, unsigned ready), void *arg)
{
    short events = EV_PERSIST;
    if (want & LOOP_READ)
        events |= EV_READ;
    if (want & LOOP_WRITE)
        events |= EV_WRITE;
    if (want & LOOP_EDGE)
        events |= EV_ET;
    loop_watch_stop(w);
    w->fn = fn;
    w->arg = arg;
    if (event_assign(&w->ev, l->base, fd, events, on_ready, w) < 0 || event_add(&w->ev, NULL) < 0)
        return BEAM_EIO;
    w->on = true;
    return 0;
}

void loop_watch_stop(struct loop_watch *w)
{
    if (w->on)
        event_del(&w->ev);
    w->on = false;
}

static void on_signal(evutil_socket_t signum, short events, void *arg)
{
    struct loop_signal *s = arg;
    (void)events;
    s->fn(s->arg, signum);
}

int loop_signal_start(struct loop *l, struct loop_signal *s, int signum,
                      void (*fn)(void *arg, int signum), void *arg)
{
    loop_signal_stop(s);
    s->fn = fn;
    s->arg = arg;
    if (event_assign(&s->ev, l->base, signum, EV_SIGNAL | EV_PERSIST, on_signal, s) < 0 ||
        event_add(&s->ev, NULL) < 0)
        return BEAM_EIO;
    s->on = true;
    return 0;
}

void loop_signal_stop(struct loop_signal *s)
{
    if (s->on)
        event_del(&s->ev);
    s->on = false;
}
