/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A daemon started on demand is at first a child of the command that wants it, with its standard
 * output and errors read by that command, so that the last words of one that cannot start are
 * heard. Then it says that it serves, and lets go of all of that.
 */
#ifndef BEAM_DAEMON_DETACH_H
#define BEAM_DAEMON_DETACH_H

#include "base/err.h"

/* A session of its own: no terminal's signals from now on. */
void detach_begin(void);

/* Writes the line "ready" to standard output; then standard input and output go to /dev/null and
 * standard error to the end of `log` (created 0600). 0 or BEAM_EIO with words. */
int detach_ready(const char *log, struct beam_why *why);

#endif
