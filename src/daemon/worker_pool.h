/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The further processes of a relay of several: started by the first, started again when they end,
 * and ended with it, however it ends. What they print goes to its standard error.
 */
#ifndef BEAM_DAEMON_WORKER_POOL_H
#define BEAM_DAEMON_WORKER_POOL_H

#include <sys/types.h>

#include "base/err.h"
#include "loop/loop.h"

struct worker_pool;

enum { WORKER_POOL_MAX = 63 };

struct worker_pool_spec {
    struct loop *loop;
    const char *program;     /* NULL: this one as it runs, also when its file is another by now */
    const char *const *argv; /* its words, NULL-terminated; "--worker" and "K/COUNT" are added */
    const char *dir;         /* where they are started; as the two above, copied */
    unsigned count;          /* processes, the first included */
};

/* How many `text` asks for: a number up to 64, or "auto": one for each core of this machine.
 * 0, or BEAM_EUSAGE with words. */
int worker_pool_count(const char *text, unsigned *out, struct beam_why *why);
/* "K/COUNT": one of those that this starts, 1 to COUNT - 1. 0, or BEAM_EUSAGE with words. */
int worker_pool_parse(const char *text, unsigned *index, unsigned *count, struct beam_why *why);

/* 0, or BEAM_ENOMEM, BEAM_ENOTFOUND … with words: none is left running then. */
int worker_pool_new(const struct worker_pool_spec *spec, struct worker_pool **out,
                    struct beam_why *why);
/* Ends them in order. True: none is left; false: `done` is called then. */
bool worker_pool_stop(struct worker_pool *p, void (*done)(void *arg), void *arg);
/* Kills what is left. NULL allowed. */
void worker_pool_free(struct worker_pool *p);
/* The process of number `index`; 0: it does not run at the moment. */
pid_t worker_pool_pid(const struct worker_pool *p, unsigned index);

#endif
