/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The parts of a program that start in order and stop in the reverse of it. A part that
 * needs time to stop says so; one deadline holds for all of them together.
 */
#ifndef BEAM_DAEMON_SUBSYSTEMS_H
#define BEAM_DAEMON_SUBSYSTEMS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "loop/loop.h"

struct subsystem {
    const char *name;
    /* 0, or a code with words; nothing of it is left behind then. */
    int (*start)(void *arg, struct beam_why *why);
    /* Begins its end. True: `free` may follow at once; false: subsystems_stopped will be called,
     * later, once. NULL: nothing to wait for. */
    bool (*stop)(void *arg);
    /* Lets go of everything, now. NULL: nothing to let go of. */
    void (*free)(void *arg);
};

enum subsystems_state { SUBSYSTEMS_DOWN, SUBSYSTEMS_UP, SUBSYSTEMS_STOPPING };

/* Fields are private to subsystems.c. */
struct subsystems {
    struct loop *loop;
    const struct subsystem *table;
    size_t count, up; /* rows, and how many of them run */
    void *arg;
    enum subsystems_state state;
    struct loop_timer deadline;
    struct loop_task next;
    void (*done)(void *arg);
};

/* `table` and `arg` (what the rows are called with) are borrowed. */
void subsystems_init(struct subsystems *s, struct loop *l, const struct subsystem *table,
                     size_t count, void *arg);
/* Starts every row in order. On failure those that ran are freed in reverse, and the code and
 * words of the one that failed are the answer. */
int subsystems_start(struct subsystems *s, struct beam_why *why);
/* Stops what runs, last first; `done` comes once nothing does, perhaps before this returns. What
 * has not stopped when deadline_ms have passed is freed without waiting. A second stop changes
 * nothing. */
void subsystems_stop(struct subsystems *s, uint64_t deadline_ms, void (*done)(void *arg));
/* The row whose `stop` returned false has stopped. */
void subsystems_stopped(struct subsystems *s);
/* Frees what runs, last first, without waiting. */
void subsystems_clear(struct subsystems *s);

#endif
