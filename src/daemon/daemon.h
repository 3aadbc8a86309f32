/* SPDX-License-Identifier: BSD-3-Clause */
/* The daemon: one process a user, which carries all tunnels and owns their tor. */
#ifndef BEAM_DAEMON_DAEMON_H
#define BEAM_DAEMON_DAEMON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct daemon_options {
    const char *version;            /* "0.1.0" */
    const char *config;             /* read instead of the usual files; NULL: those */
    const char *const *assignments; /* "section.key=value", over what files say */
    size_t assignment_count;
    /* Goes to the background once it serves, logs to a file, and ends by itself when it has had
     * nothing to do for daemon.linger. */
    bool on_demand;
};

/*
 * Runs until SIGTERM or SIGINT, until the terminal hangs up in whose foreground it is, or until it
 * has lingered long enough; any other SIGHUP has it read its configuration again. 0; BEAM_EEXIST
 * when another daemon runs (on demand this is 0: there is one, which is what was asked for);
 * BEAM_EPERM, BEAM_EINVAL …, with words.
 */
int daemon_run(const struct daemon_options *options, struct beam_why *why);

/*
 * Whether one could be started and be asked for a tunnel of `policy` (NULL: the default one), as
 * far as its configuration tells; changes nothing. 0; BEAM_EUSAGE, BEAM_EINVAL …, with words.
 */
int daemon_check(const struct daemon_options *options, const char *policy, struct beam_why *why);

#endif
