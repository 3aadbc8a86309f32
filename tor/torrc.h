/* SPDX-License-Identifier: BSD-3-Clause */
/* The configuration file of a tor of ours, and where its files lie. Pure. */
#ifndef BEAM_TOR_TORRC_H
#define BEAM_TOR_TORRC_H

#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"
#include "tor/bridges.h"

/* In the folder of a tor. */
#define TORRC_FILE     "torrc"
#define TORRC_DEFAULTS "torrc-defaults" /* empty, in place of the system's */
#define TORRC_CONTROL  "control.sock"
#define TORRC_SOCKS    "socks.sock"
#define TORRC_COOKIE   "control.cookie"
#define TORRC_DATA     "data"

enum { TORRC_MAX = 160 * 1024 };

struct page;

struct torrc {
    const char *dir;     /* absolute */
    const char *include; /* absolute path of a file to include, or "" */
    struct bridges bridges;
    bool (*runs)(const char *path); /* whether it is a program (tor/bridges.h) */
    pid_t owner;                    /* tor ends when this process is gone */
};

/*
 * A client's torrc into out[size]. 0; BEAM_EINVAL: a path that a torrc cannot
 * hold; BEAM_ELIMIT: longer than size; or as bridges_put does; with
 * words. out holds nothing of use on failure.
 */
int torrc_client(const struct torrc *spec, char *out, size_t size, struct beam_why *why);

/* The lines that every tor of ours has: where its files are, its control
 * port, its owner. They come last in a torrc, so that they hold. */
void torrc_common(struct page *p, const char *dir, pid_t owner);

#endif
