/* SPDX-License-Identifier: BSD-3-Clause */
/* A tor process: its folder and torrc made, started, its log listened to. */
#ifndef BEAM_TOR_SPAWN_H
#define BEAM_TOR_SPAWN_H

#include "loop/child.h"
#include "loop/loop.h"
#include "tor/bridges.h"
#include "tor/logline.h"

struct spawn;

struct spawn_spec {
    const char *binary;     /* a path or a name looked up in PATH */
    const char *dir;        /* absolute */
    const char *torrc;      /* absolute path of a file that a client's torrc includes, or "" */
    struct bridges bridges; /* of a client's torrc */
    const char *text; /* NULL: a client's torrc; else the whole torrc, and `torrc` is not read */
};

struct spawn_events {
    void (*log)(void *arg, const struct logline *l);
    /* It ended, by itself or not; `why` has words for it, with its last
     * complaints: BEAM_EPOLICY when it was not to be anonymous, BEAM_ERESET when
     * killed, else BEAM_EIO. The handle is gone after this call. */
    void (*ended)(void *arg, int status, const struct beam_why *why);
    void *arg;
};

/* Whether the names of all files in `dir` fit: 0 or BEAM_ELIMIT, BEAM_EINVAL with words. */
int spawn_check(const struct spawn_spec *spec, struct beam_why *why);
/* Whether some tor holds the data directory in `dir` now. */
bool spawn_locked(const char *dir);

/*
 * Makes the folder and the torrc, removes the sockets and the cookie of one
 * before, starts tor. 0; BEAM_ENOTFOUND, BEAM_EPERM, BEAM_EINVAL, BEAM_EIO,
 * BEAM_ENOMEM with words.
 */
int spawn_start(struct loop *l, const struct spawn_spec *spec, const struct spawn_events *events,
                struct spawn **out, struct beam_why *why);
pid_t spawn_pid(const struct spawn *s);
/* SIGTERM now, SIGKILL after grace_ms (0: at once); `ended` still comes. */
void spawn_stop(struct spawn *s, uint64_t grace_ms);
/* Kills it now, waits for it, calls nothing. NULL allowed. */
void spawn_free(struct spawn *s);
/* Removes the sockets and the cookie that a tor left in `dir`. */
void spawn_clean(const char *dir);

#endif
