/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The configuration, read again while the daemon runs: what can change at once does, what tor is
 * started with changes with its next start, and of the rest the log says that it takes a restart.
 */
#ifndef BEAM_DAEMON_RELOAD_H
#define BEAM_DAEMON_RELOAD_H

#include "daemon/setup.h"

enum reload_when {
    RELOAD_NOW,
    RELOAD_TOR,    /* with the next start of tor */
    RELOAD_RESTART /* with the next daemon */
};
/* When a change of "section.key" takes effect. Pure. */
enum reload_when reload_when(const char *key);

/*
 * Reads the same files and assignments again into s, and sets the log up anew (its file is opened
 * again as well, for it may have been moved away). What cannot be read leaves s as it is: the code,
 * with words, and the log has said so. *tor: something of tor's has changed.
 */
int reload(struct setup *s, const struct daemon_options *options, bool *tor, struct beam_why *why);
/* The same for a relay. */
int reload_relay(struct setup *s, const struct daemon_options *options, struct beam_why *why);

#endif
