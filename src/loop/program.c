/* SPDX-License-Identifier: BSD-3-Clause */
#include "loop/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char system_path[] = "/usr/local/sbin:/usr/sbin:/sbin";

/* 0, BEAM_ENOTFOUND, BEAM_EPERM. */
static int check(const char *path)
{
    struct stat st;
    if (stat(path, &st) < 0)
        return errno == EACCES ? BEAM_EPERM : BEAM_ENOTFOUND;
    return S_ISREG(st.st_mode) && access(path, X_OK) == 0 ? 0 : BEAM_EPERM;
}

/* Goes through the folders of `list`. As check, and BEAM_ENOMEM. */
static int look_in(const char *list, const char *name, char **path)
{
    int found = BEAM_ENOTFOUND;
    for (const char *at = list; *at;) {
        size_t len = strcspn(at, ":");
        /* Not from folders given relative to wherever we are. */
        if (len > 0 && at[0] == '/') {
            char *candidate = NULL;
            if (asprintf(&candidate, "%.*s/%s", (int)len, at, name) < 0)
                return BEAM_ENOMEM;
            int err = check(candidate);
            if (err == 0) {
                *path = candidate;
                return 0;
            }
            free(candidate);
            if (err == BEAM_EPERM)
                found = err;
        }
        at += len;
        at += *at == ':';
    }
    return found;
}

static int find(const char *name, char **path)
{
    const char *list = getenv("PATH");
    if (strchr(name, '/')) {
        int err = check(name);
        if (err < 0)
            return err;
        char *copy = strdup(name);
        if (!copy)
            return BEAM_ENOMEM;
        *path = copy;
        return 0;
    }
    int err = look_in(list ? list : "/usr/local/bin:/usr/bin:/bin", name, path);
    return err == BEAM_ENOTFOUND ? look_in(system_path, name, path) : err;
}

int program_find(const char *name, char **path, struct beam_why *why)
{
    int err = find(name, path);
    if (err == BEAM_ENOTFOUND)
        beam_why(why, err, "%s: there is no such program (install it, or give its path)", name);
    else if (err == BEAM_EPERM)
        beam_why(why, err, "%s: not a program that may be executed (check its mode)", name);
    else if (err < 0)
        beam_why(why, err, "%s: out of memory", name);
    return err;
}

int program_null(void)
{
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    return fd < 0 ? BEAM_EIO : fd;
}

static void default_signals(void)
{
    struct sigaction normal = {.sa_handler = SIG_DFL};
    sigset_t none;
    for (int n = 1; n <= SIGRTMAX; n++)
        (void)sigaction(n, &normal, NULL); /* fails for SIGKILL and SIGSTOP, as it must */
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In the child: what is async-signal-safe and nothing else. Returns only on failure. */
static void become(const struct program_plan *plan, pid_t parent)
{
    if (plan->die_with_us) {
        /* Nobody is left to insist, and a tor was seen to hang for ever on its way out of a
         * SIGTERM. */
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
            return;
        if (getppid() != parent) /* it ended before we asked to be told */
            _exit(127);
    }
    /* What a terminal says, Ctrl-C or a hang-up, is said to us alone: we end it in order. */
    (void)setsid();
    /* Copied first: ours may have had its standard descriptors closed, and
     * what is then among them would be overwritten, or left close-on-exec. */
    int in = fcntl(plan->in, F_DUPFD_CLOEXEC, 3), out = fcntl(plan->out, F_DUPFD_CLOEXEC, 3);
    if (in < 0 || out < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
        return;
    /* Marked rather than closed: the report's pipe must live until execve. */
    if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0 || chdir(plan->dir) < 0)
        return;
    default_signals();
    execve(plan->path, (char *const *)plan->argv, (char *const *)plan->env);
}

static _Noreturn void in_child(const struct program_plan *plan, pid_t parent, int report)
{
    become(plan, parent);
    int errnum = errno;
    _exit(write(report, &errnum, sizeof(errnum)) == sizeof(errnum) ? 127 : 126);
}

/* Blocks until the program runs (0: the pipe closed) or could not: errno. */
static int outcome(int report)
{
    int errnum = 0;
    ssize_t n;
    do
        n = read(report, &errnum, sizeof(errnum));
    while (n < 0 && errno == EINTR);
    if (n == 0)
        return 0;
    return n == sizeof(errnum) ? errnum : EIO;
}

static void reap(pid_t pid)
{
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        continue;
}

static int start_err(int errnum)
{
    switch (errnum) {
    case ENOENT:
        return BEAM_ENOTFOUND;
    case EACCES:
    case EPERM:
    case ENOEXEC:
        return BEAM_EPERM;
    case ENOMEM:
        return BEAM_ENOMEM;
    default:
        return BEAM_EIO;
    }
}

/* A descriptor among the first three would be in the way of the child's own. */
static int above_standard(int *fd)
{
    if (*fd > 2)
        return 0;
    int moved = fcntl(*fd, F_DUPFD_CLOEXEC, 3);
    if (moved < 0)
        return BEAM_EIO;
    close(*fd);
    *fd = moved;
    return 0;
}

int program_start(const struct program_plan *plan, pid_t *pid, struct beam_why *why)
{
    sigset_t all, before;
    int report[2], errnum = 0;
    pid_t parent = getpid(), child = -1;
    if (pipe2(report, O_CLOEXEC) < 0)
        return beam_why(why, BEAM_EIO, "%s: could not be started: %s", plan->path, strerror(errno));
    if (above_standard(&report[1]) < 0) {
        errnum = errno;
        goto out;
    }
    /* Our handlers must not run in the child: what they write to is shared. */
    sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, &before);
    child = fork();
    if (child == 0)
        in_child(plan, parent, report[1]);
    errnum = child < 0 ? errno : 0;
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
out:
    close(report[1]);
    if (child > 0)
        errnum = outcome(report[0]);
    close(report[0]);
    if (child > 0 && errnum)
        reap(child);
    if (errnum)
        return beam_why(why, start_err(errnum), "%s: could not be started: %s", plan->path,
                        strerror(errnum));
    *pid = child;
    return 0;
}

const char *program_self(char *out, size_t size)
{
    ssize_t len = readlink(PROGRAM_SELF, out, size - 1);
    if (len <= 0)
        return PROGRAM_SELF;
    out[len] = '\0';
    return access(out, X_OK) == 0 ? out : PROGRAM_SELF;
}
