/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * run/beam.pid: the daemon's pid as a decimal line, under a lock that the daemon holds while it
 * lives, so that a user has one daemon at most; and the same for a relay. A file left by one that
 * was killed has no lock on it and is taken over.
 */
#ifndef BEAM_DAEMON_PIDFILE_H
#define BEAM_DAEMON_PIDFILE_H

#include <stdbool.h>

#include "base/err.h"

struct pidfile;

/* Locks and writes it. BEAM_EEXIST when a live one holds it, which words call `who` ("daemon"),
 * BEAM_EIO, BEAM_ENOMEM. */
int pidfile_take(const char *path, const char *who, struct pidfile **out, struct beam_why *why);
/* Whether a live daemon holds it; looks, and changes nothing. */
bool pidfile_held(const char *path);
/* Removes it and lets the lock go. NULL allowed. */
void pidfile_free(struct pidfile *p);

#endif
