/* SPDX-License-Identifier: BSD-3-Clause */
/* Starting a program: the way from fork to execve, and what becomes of it. */
#ifndef BEAM_LOOP_PROGRAM_H
#define BEAM_LOOP_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

struct program_plan {
    const char *path;        /* as program_find gave it */
    const char *const *argv; /* NULL-terminated, as the next */
    const char *const *env;
    const char *dir;
    int in, out;      /* become descriptors 0, and 1 and 2; no other is inherited */
    bool die_with_us; /* SIGKILL when the calling thread ends */
};

/*
 * A name with a slash is the path itself; any other is looked up in PATH and
 * then in the folders for system programs, which an ordinary user's PATH often
 * lacks. Fresh memory, free(). BEAM_ENOTFOUND, BEAM_EPERM, BEAM_ENOMEM.
 */
int program_find(const char *name, char **path, struct beam_why *why);

#define PROGRAM_SELF "/proc/self/exe"
/* This program's file: by its name, in `out`, where it still has one, so that a list of processes
 * is plain; or else PROGRAM_SELF. */
const char *program_self(char *out, size_t size);

/*
 * Forks and executes, and returns once the program runs or could not. It starts
 * with default signal dispositions and nothing blocked, in a session of its own,
 * so that a terminal's Ctrl-C or hang-up does not reach it. BEAM_ENOTFOUND,
 * BEAM_EPERM, BEAM_ENOMEM, BEAM_EIO.
 */
int program_start(const struct program_plan *plan, pid_t *pid, struct beam_why *why);

/* A descriptor on /dev/null, close-on-exec; or BEAM_EIO. */
int program_null(void);

#endif
