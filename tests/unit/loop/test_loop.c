/* SPDX-License-Identifier: BSD-3-Clause */
#include "loop/loop.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/err.h"
#include "tests/unit/loop/until.h"

/* What ran, in order. */
struct trace {
    struct loop *loop;
    char ran[64];
    size_t n;
};

struct step {
    struct trace *trace;
    struct loop_task task;
    struct loop_timer timer;
    struct step *post, *cancel; /* what it does to others when it runs */
    bool stop, again;
    char name;
};

static void step_run(void *arg)
{
    struct step *s = arg;
    struct trace *t = s->trace;
    if (t->n < sizeof(t->ran) - 1)
        t->ran[t->n++] = s->name;
    if (s->post)
        loop_post(t->loop, &s->post->task);
    if (s->cancel)
        loop_task_cancel(t->loop, &s->cancel->task);
    if (s->stop)
        loop_stop(t->loop);
    if (s->again)
        loop_timer_set(&s->timer, 0);
}

static void step_init(struct step *s, struct trace *t, char name)
{
    *s = (struct step){.trace = t, .name = name};
    loop_task_init(&s->task, step_run, s);
    loop_timer_init(t->loop, &s->timer, step_run, s);
}

BEAM_TEST(loop, tasks_run_once_in_order)
{
    struct trace t = {.loop = until_loop_new()};
    struct step s[4];
    for (size_t i = 0; i < 4; i++)
        step_init(&s[i], &t, (char)('a' + i));
    for (size_t i = 0; i < 4; i++)
        loop_post(t.loop, &s[i].task);
    loop_post(t.loop, &s[0].task);
    loop_task_cancel(t.loop, &s[3].task); /* the last: the next goes where it was */
    loop_task_cancel(t.loop, &s[3].task);
    loop_post(t.loop, &s[3].task);
    s[0].cancel = &s[1];
    cr_assert_eq(loop_turn(t.loop), 0);
    cr_assert_str_eq(t.ran, "acd");
    cr_assert_eq(loop_turn(t.loop), 0);
    cr_assert_str_eq(t.ran, "acd");
    loop_free(t.loop);
}

BEAM_TEST(loop, a_chain_of_tasks_takes_a_turn_each)
{
    struct trace t = {.loop = until_loop_new()};
    struct step a, b;
    step_init(&a, &t, 'a');
    step_init(&b, &t, 'b');
    a.post = &a;
    loop_post(t.loop, &a.task);
    loop_post(t.loop, &b.task);
    cr_assert_eq(loop_turn(t.loop), 0);
    cr_assert_str_eq(t.ran, "ab");
    cr_assert_eq(loop_turn(t.loop), 0);
    cr_assert_str_eq(t.ran, "aba");
    loop_task_cancel(t.loop, &a.task);
    cr_assert_eq(loop_turn(t.loop), 0);
    cr_assert_str_eq(t.ran, "aba");
    loop_free(t.loop);
}

BEAM_TEST(loop, stop_ends_after_the_callback_at_hand)
{
    struct trace t = {.loop = until_loop_new()};
    struct step s[3];
    for (size_t i = 0; i < 3; i++) {
        step_init(&s[i], &t, (char)('a' + i));
        loop_post(t.loop, &s[i].task);
    }
    s[0].stop = s[2].stop = true;
    cr_assert_eq(loop_run(t.loop), 0);
    cr_assert_str_eq(t.ran, "a");
    cr_assert_eq(loop_run(t.loop), 0); /* what was left comes first */
    cr_assert_str_eq(t.ran, "abc");
    loop_stop(t.loop);
    cr_assert_eq(loop_run(t.loop), 0); /* at once */
    loop_free(t.loop);
}

BEAM_TEST(loop, timers_are_never_early_and_run_in_order)
{
    struct trace t = {.loop = until_loop_new()};
    struct step s[4];
    static const uint64_t ms[] = {25, 5, 15, 10};
    for (size_t i = 0; i < 4; i++) {
        step_init(&s[i], &t, (char)('a' + i));
        loop_timer_set(&s[i].timer, 1000);
        loop_timer_set(&s[i].timer, ms[i]); /* set anew */
    }
    s[0].stop = true;
    loop_timer_clear(&s[2].timer);
    loop_timer_clear(&s[2].timer);
    cr_assert(!loop_timer_pending(&s[2].timer) && loop_timer_pending(&s[0].timer));
    uint64_t start = clock_system()->monotonic_ms(clock_system()->arg);
    cr_assert_eq(loop_run(t.loop), 0);
    cr_assert_geq(clock_system()->monotonic_ms(clock_system()->arg), start + 25);
    cr_assert_str_eq(t.ran, "bda");
    cr_assert(!loop_timer_pending(&s[0].timer));
    loop_free(t.loop);
}

BEAM_TEST(loop, a_timer_set_anew_at_once_waits_for_the_next_turn)
{
    struct trace t = {.loop = until_loop_new()};
    struct step a;
    step_init(&a, &t, 'a');
    a.again = true;
    loop_timer_set(&a.timer, 0);
    cr_assert_eq(loop_turn(t.loop), 0);
    cr_assert_str_eq(t.ran, "a");
    cr_assert_eq(loop_turn(t.loop), 0);
    cr_assert_str_eq(t.ran, "aa");
    loop_timer_clear(&a.timer);
    loop_free(t.loop);
}

BEAM_TEST(loop, now_stands_still_within_a_turn)
{
    struct loop *l = until_loop_new();
    uint64_t now = loop_now(l), real;
    do
        real = clock_system()->monotonic_ms(clock_system()->arg);
    while (real < now + 3);
    cr_assert_eq(loop_now(l), now);
    cr_assert_eq(loop_turn(l), 0);
    cr_assert_geq(loop_now(l), real);
    loop_free(l);
}

struct nap {
    struct loop *loop;
    struct loop_signal alarm;
    struct loop_timer far, near;
    uint64_t set, fired;
};

static uint64_t real_ms(void)
{
    return clock_system()->monotonic_ms(clock_system()->arg);
}

static void on_alarm(void *arg, int signum)
{
    struct nap *n = arg;
    (void)signum;
    n->set = real_ms();
    loop_timer_set(&n->near, 50);
}

static void on_near(void *arg)
{
    struct nap *n = arg;
    n->fired = real_ms();
    loop_stop(n->loop);
}

static void on_far(void *arg)
{
    loop_stop(((struct nap *)arg)->loop);
}

/* What the poll calls counts from when it is called, not from when the poll began. */
BEAM_TEST(loop, now_is_read_after_a_long_poll)
{
    struct nap n = {.loop = until_loop_new()};
    const struct itimerval soon = {.it_value = {.tv_usec = 80 * 1000}};
    loop_timer_init(n.loop, &n.far, on_far, &n);
    loop_timer_init(n.loop, &n.near, on_near, &n);
    loop_timer_set(&n.far, 10000);
    cr_assert_eq(loop_signal_start(n.loop, &n.alarm, SIGALRM, on_alarm, &n), 0);
    cr_assert_eq(setitimer(ITIMER_REAL, &soon, NULL), 0);
    cr_assert_eq(loop_run(n.loop), 0);
    cr_assert_gt(n.fired, 0);
    cr_assert_geq(n.fired, n.set + 50);
    loop_timer_clear(&n.far);
    loop_signal_stop(&n.alarm);
    loop_free(n.loop);
}

struct seen {
    struct loop_watch watch;
    unsigned ready, calls;
};

static void on_ready(void *arg, unsigned ready)
{
    struct seen *s = arg;
    s->ready = ready;
    s->calls++;
}

BEAM_TEST(loop, level_watch_repeats_and_edge_watch_does_not)
{
    struct loop *l = until_loop_new();
    struct seen level = {0}, edge = {0};
    int a[2], b[2];
    cr_assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, a) == 0);
    cr_assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, b) == 0);
    cr_assert_eq(loop_watch_start(l, &level.watch, a[0], LOOP_READ, on_ready, &level), 0);
    cr_assert_eq(
        loop_watch_start(l, &edge.watch, b[0], LOOP_READ | LOOP_WRITE | LOOP_EDGE, on_ready, &edge),
        0);
    cr_assert_eq(loop_turn(l), 0);
    cr_assert(level.calls == 0);
    cr_assert(edge.calls == 1 && edge.ready == LOOP_WRITE);
    cr_assert(write(a[1], "x", 1) == 1 && write(b[1], "x", 1) == 1);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(loop_turn(l), 0);
    cr_assert(level.calls == 3 && level.ready == LOOP_READ);
    cr_assert(edge.calls == 2 && (edge.ready & LOOP_READ));
    cr_assert(write(b[1], "y", 1) == 1); /* not read, and ready anew all the same */
    cr_assert_eq(loop_turn(l), 0);
    cr_assert_eq(edge.calls, 3u);
    loop_watch_stop(&level.watch);
    loop_watch_stop(&level.watch);
    loop_watch_stop(&edge.watch);
    cr_assert_eq(loop_turn(l), 0);
    cr_assert_eq(level.calls, 4u);
    for (int i = 0; i < 2; i++)
        cr_assert(close(a[i]) == 0 && close(b[i]) == 0);
    loop_free(l);
}

/* A task that posts itself for ever must not keep a descriptor waiting. */
BEAM_TEST(loop, tasks_do_not_starve_descriptors)
{
    struct trace t = {.loop = until_loop_new()};
    struct seen seen = {0};
    struct step a;
    int fd[2];
    cr_assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd) == 0);
    cr_assert_eq(loop_watch_start(t.loop, &seen.watch, fd[0], LOOP_READ, on_ready, &seen), 0);
    step_init(&a, &t, 'a');
    a.post = &a;
    loop_post(t.loop, &a.task);
    cr_assert_eq(loop_turn(t.loop), 0);
    cr_assert(write(fd[1], "x", 1) == 1);
    cr_assert_eq(loop_turn(t.loop), 0);
    cr_assert_eq(seen.calls, 1u);
    loop_task_cancel(t.loop, &a.task);
    loop_watch_stop(&seen.watch);
    close(fd[0]);
    close(fd[1]);
    loop_free(t.loop);
}

static void count_one(void *arg)
{
    (*(int *)arg)++;
}

BEAM_TEST(loop, timers_that_are_due_at_once_do_not_starve_descriptors)
{
    static struct loop_timer timers[1000];
    struct loop *l = until_loop_new();
    struct seen seen = {0};
    int fd[2], called = 0, turns = 0;
    cr_assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd) == 0);
    cr_assert_eq(loop_watch_start(l, &seen.watch, fd[0], LOOP_READ, on_ready, &seen), 0);
    for (int i = 0; i < 1000; i++) {
        loop_timer_init(l, &timers[i], count_one, &called);
        loop_timer_set(&timers[i], 0);
    }
    cr_assert_eq(loop_turn(l), 0);
    cr_assert_gt(called, 0);
    cr_assert_lt(called, 200, "%d in one turn", called);
    cr_assert(write(fd[1], "x", 1) == 1);
    cr_assert_eq(loop_turn(l), 0);
    cr_expect_eq(seen.calls, 1u);
    for (; called < 1000 && turns < 1000; turns++)
        cr_assert_eq(loop_turn(l), 0);
    cr_expect_eq(called, 1000, "each is called in the end");
    loop_watch_stop(&seen.watch);
    close(fd[0]);
    close(fd[1]);
    loop_free(l);
}

static void on_signal(void *arg, int signum)
{
    *(bool *)arg = signum == SIGUSR1;
}

BEAM_TEST(loop, signals_arrive_in_the_loop)
{
    struct loop *l = until_loop_new();
    struct loop_signal s = {0};
    bool seen = false;
    cr_assert_eq(loop_signal_start(l, &s, SIGUSR1, on_signal, &seen), 0);
    cr_assert_eq(raise(SIGUSR1), 0);
    cr_assert(!seen);
    cr_assert(until_flag(l, &seen));
    loop_signal_stop(&s);
    loop_signal_stop(&s);
    loop_free(l);
}

BEAM_TEST(loop, a_broken_pipe_is_an_error_and_no_signal)
{
    struct loop *l = until_loop_new();
    int fd[2];
    cr_assert_eq(pipe(fd), 0);
    close(fd[0]);
    cr_assert(write(fd[1], "x", 1) < 0 && errno == EPIPE);
    close(fd[1]);
    loop_free(l);
}

static void count(void *arg)
{
    ++*(int *)arg;
}

BEAM_TEST(loop, what_outlives_its_owner_is_called_at_the_end)
{
    struct loop *l = until_loop_new();
    struct loop_last first, second, third;
    int calls[3] = {0};
    loop_last_add(l, &first, count, &calls[0]);
    loop_last_add(l, &second, count, &calls[1]);
    loop_last_add(l, &third, count, &calls[2]);
    loop_last_remove(&second);
    loop_last_remove(&third);
    cr_assert_eq(loop_turn(l), 0);
    cr_assert_eq(calls[0], 0);
    loop_free(l);
    cr_assert(calls[0] == 1 && calls[1] == 0 && calls[2] == 0);
}
