/* SPDX-License-Identifier: BSD-3-Clause */
/* What the daemon stands on before its loop runs: where things are, and the configuration. */
#ifndef BEAM_DAEMON_SETUP_H
#define BEAM_DAEMON_SETUP_H

#include <stdbool.h>

#include "conf/conf.h"
#include "conf/home.h"
#include "daemon/daemon.h"
#include "tor/tor_options.h"

struct setup {
    struct home *home;
    struct conf *conf;
    char *config;                /* the configuration file, absolute; it need not exist */
    bool had_system, had_config; /* the files of struct home that were there, and read */
    char *log;                   /* where the log goes; NULL: standard error */
};

/* Finds the folders, reads the files and the assignments, checks the policies; changes nothing.
 * 0; BEAM_EUSAGE (an assignment), BEAM_EINVAL, … with words. */
int setup_read(const struct daemon_options *options, struct setup **out, struct beam_why *why);
/* Whether every file that `before` read is in `now` too: one that is gone says nothing, and what it
 * said must not end for that alone. 0, or BEAM_ENOTFOUND with words. */
int setup_kept(const struct setup *before, const struct setup *now, struct beam_why *why);
/* Whether an assignment is well formed, whatever else is set: 0, or BEAM_EUSAGE with words. */
int setup_check(const char *assignment, struct beam_why *why);
/* Makes the folders; refuses loose ones, that of the configuration among them, and says which. */
int setup_prepare(const struct setup *s, struct beam_why *why);
/* What the configuration says of tor. Borrowed from s. */
void setup_tor_options(const struct setup *s, struct tor_options *out);
/* NULL allowed. */
void setup_free(struct setup *s);

#endif
