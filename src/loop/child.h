/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Child processes: a clean environment, no inherited descriptor, a session of
 * its own, standard input from /dev/null, output read by lines, its end watched
 * by a pidfd.
 */
#ifndef BEAM_LOOP_CHILD_H
#define BEAM_LOOP_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "loop/loop.h"

struct child;

enum { CHILD_LINE_MAX = 4096 }; /* longer lines arrive in pieces */

struct child_spec {
    const char *const *argv; /* argv[0]: a path, or a name looked up as program_find does */
    const char *const *env;  /* "NAME=value" …, NULL-terminated: the whole environment */
    const char *dir;         /* working directory; NULL: "/" */
    bool die_with_us;        /* SIGKILL when this process ends, however it ends */
    /* A line of its output or errors, without its newline; NULL: both go to /dev/null. */
    void (*on_line)(void *arg, const char *line, size_t len);
    /* It ended (all of its output was given before); status as of waitpid. The
     * handle is gone after this call. */
    void (*on_exit)(void *arg, int status);
    void *arg;
};

/* 0; BEAM_ENOTFOUND no such program; BEAM_EPERM not executable; BEAM_ENOMEM, BEAM_EIO. */
int child_spawn(struct loop *l, const struct child_spec *spec, struct child **out,
                struct beam_why *why);
pid_t child_pid(const struct child *c);
/* Sends a signal through the pidfd: never to a process that took over the number. */
void child_signal(struct child *c, int signum);
/* SIGTERM, then SIGKILL after grace_ms; on_exit still comes. What it left in its process group is
 * killed once it has ended. */
void child_stop(struct child *c, uint64_t grace_ms);
/* Kills it and its process group now, waits for it, calls nothing. NULL allowed. */
void child_free(struct child *c);

/* Lets it live on, unwatched: nothing more is called, and the handle is gone. */
void child_release(struct child *c);

#endif
