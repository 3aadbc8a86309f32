/* SPDX-License-Identifier: BSD-3-Clause */
#include "loop/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loop/program.h"

/* A pipe holds at most this much of a program that ended; whoever inherited it
 * from that program and writes on is not waited for. */
enum { LAST_OUTPUT_MAX = 64 * 1024 };

struct child {
    struct loop *loop;
    pid_t pid;
    int pidfd;
    int output; /* the read end; -1: none, or at its end */
    struct loop_watch exited, readable;
    struct loop_timer grace;
    void (*on_line)(void *arg, const char *line, size_t len);
    void (*on_exit)(void *arg, int status);
    void *arg;
    bool stopped; /* by us: what it started ends with it */
    bool calling; /* in a callback: let_go then leaves the free to us */
    bool gone;
    size_t used;
    char line[CHILD_LINE_MAX];
};

/* Closes and frees; the process itself is not touched. */
static void let_go(struct child *c)
{
    loop_watch_stop(&c->exited);
    loop_watch_stop(&c->readable);
    loop_timer_clear(&c->grace);
    if (c->output >= 0)
        close(c->output);
    if (c->pidfd >= 0)
        close(c->pidfd);
    c->gone = true;
    if (!c->calling)
        free(c);
}

/* Gives the whole lines it has, with `all` what is left too. */
static void give_lines(struct child *c, bool all)
{
    size_t start = 0;
    while (start < c->used && !c->gone) {
        const char *line = c->line + start;
        size_t left = c->used - start;
        const char *end = memchr(line, '\n', left);
        if (!end && !all && left < sizeof(c->line))
            break;
        size_t len = end ? (size_t)(end - line) : left;
        c->on_line(c->arg, line, len);
        start += len + (end != NULL);
    }
    c->used -= start;
    memmove(c->line, c->line + start, c->used);
}

/* Reads once. How many bytes, 0 when there are none now or will be none. */
static size_t take_output(struct child *c)
{
    ssize_t n = read(c->output, c->line + c->used, sizeof(c->line) - c->used);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (n <= 0) {
        loop_watch_stop(&c->readable);
        close(c->output);
        c->output = -1;
        return 0;
    }
    c->used += (size_t)n;
    give_lines(c, false);
    return (size_t)n;
}

static void on_readable(void *arg, unsigned ready)
{
    struct child *c = arg;
    (void)ready;
    c->calling = true;
    (void)take_output(c);
    c->calling = false;
    if (c->gone)
        free(c);
}

static int wait_status(const siginfo_t *info)
{
    switch (info->si_code) {
    case CLD_EXITED:
        return W_EXITCODE(info->si_status, 0);
    case CLD_DUMPED:
        return W_EXITCODE(0, info->si_status) | WCOREFLAG;
    default:
        return W_EXITCODE(0, info->si_status);
    }
}

static void drain_output(struct child *c)
{
    size_t total = 0, n = 1;
    while (n > 0 && !c->gone && c->output >= 0 && total < LAST_OUTPUT_MAX) {
        n = take_output(c);
        total += n;
    }
    give_lines(c, true);
}

/* The process group that it leads (program_start), with what it started itself. It was not waited
 * for yet, so the number is still its own. */
static void kill_group(const struct child *c)
{
    (void)kill(-c->pid, SIGKILL);
}

static void on_exited(void *arg, unsigned ready)
{
    struct child *c = arg;
    siginfo_t info = {0};
    (void)ready;
    if (waitid(P_PIDFD, (id_t)c->pidfd, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0)
        return;
    if (c->stopped)
        kill_group(c);
    (void)waitid(P_PIDFD, (id_t)c->pidfd, &info, WEXITED | WNOHANG);
    loop_watch_stop(&c->exited);
    c->pid = -1; /* waited for: child_free has nothing left to wait for */
    c->calling = true;
    drain_output(c);
    if (!c->gone)
        c->on_exit(c->arg, wait_status(&info));
    c->calling = false;
    if (c->gone)
        free(c);
    else
        let_go(c);
}

static void on_grace(void *arg)
{
    child_signal(arg, SIGKILL);
}

/* The pipe for its output, when somebody wants it: *write_end, else unchanged. */
static int open_output(struct child *c, int *write_end)
{
    int fds[2];
    if (!c->on_line)
        return 0;
    if (pipe2(fds, O_CLOEXEC) < 0)
        return BEAM_EIO;
    c->output = fds[0];
    *write_end = fds[1];
    return fcntl(fds[0], F_SETFL, O_NONBLOCK) < 0 ? BEAM_EIO : 0;
}

static int start_watching(struct child *c)
{
    c->pidfd = pidfd_open(c->pid, 0);
    if (c->pidfd < 0)
        return BEAM_EIO;
    int err = loop_watch_start(c->loop, &c->exited, c->pidfd, LOOP_READ, on_exited, c);
    if (err == 0 && c->output >= 0)
        err = loop_watch_start(c->loop, &c->readable, c->output, LOOP_READ, on_readable, c);
    return err;
}

static struct child *child_new(struct loop *l, const struct child_spec *spec)
{
    struct child *c = calloc(1, sizeof(*c));
    if (!c)
        return NULL;
    c->loop = l;
    c->pid = c->pidfd = c->output = -1;
    c->on_line = spec->on_line;
    c->on_exit = spec->on_exit;
    c->arg = spec->arg;
    loop_timer_init(l, &c->grace, on_grace, c);
    return c;
}

int child_spawn(struct loop *l, const struct child_spec *spec, struct child **out,
                struct beam_why *why)
{
    char *path = NULL;
    int null = -1, output = -1;
    struct child *c = child_new(l, spec);
    if (!c)
        return beam_why(why, BEAM_ENOMEM, "%s: out of memory", spec->argv[0]);
    int err = program_find(spec->argv[0], &path, why);
    if (err < 0)
        goto out;
    null = program_null();
    if (null < 0 || open_output(c, &output) < 0) {
        err = beam_why(why, BEAM_EIO, "%s: could not be started: %s", path, strerror(errno));
        goto out;
    }
    struct program_plan plan = {
        .path = path,
        .argv = spec->argv,
        .env = spec->env,
        .dir = spec->dir ? spec->dir : "/",
        .in = null,
        .out = output >= 0 ? output : null,
        .die_with_us = spec->die_with_us,
    };
    err = program_start(&plan, &c->pid, why);
    if (err < 0)
        goto out;
    err = start_watching(c);
    if (err < 0) {
        beam_why(why, err, "%s: could not be watched: %s", path, strerror(errno));
        goto out;
    }
    *out = c;
    c = NULL;
out:
    free(path);
    if (null >= 0)
        close(null);
    if (output >= 0)
        close(output);
    child_free(c);
    return err;
}

pid_t child_pid(const struct child *c)
{
    return c->pid;
}

void child_signal(struct child *c, int signum)
{
    (void)pidfd_send_signal(c->pidfd, signum, NULL, 0); /* fails once it has ended */
}

void child_stop(struct child *c, uint64_t grace_ms)
{
    c->stopped = true;
    child_signal(c, SIGTERM);
    loop_timer_set(&c->grace, grace_ms);
}

void child_free(struct child *c)
{
    if (!c)
        return;
    if (c->pid > 0) {
        kill_group(c);
        (void)kill(c->pid, SIGKILL); /* it may not lead its group yet */
        while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
            continue;
    }
    let_go(c);
}

void child_release(struct child *c)
{
    let_go(c);
}
