/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `beam relay`: a community relay in the foreground, a process of its own beside any daemon, with a
 * lock, keys and leases of its own in the relay folder.
 */
#ifndef BEAM_DAEMON_OPERATOR_H
#define BEAM_DAEMON_OPERATOR_H

#include "daemon/daemon.h"

struct operator_options {
    struct daemon_options daemon; /* version, config, assignments */
    const char *listen, *p2p;     /* ADDRESS:PORT in place of relay.listen and relay.p2p; or NULL */
    const char *tls_listen;       /* the same of relay.tls_listen */
    const char *acme, *email;     /* in place of relay.acme and relay.acme_email */
    const char *worker;           /* "K/COUNT": a further process of a relay of several; or NULL */
    bool json;
};

/* Runs until SIGTERM or SIGINT, or until the terminal hangs up in whose foreground it is; any other
 * SIGHUP has it read its configuration, its bans and its certificates again. 0; BEAM_EUSAGE (a word
 * or a value on the command line), BEAM_EINVAL (one in a file), BEAM_EEXIST (one runs already, or
 * something else listens there), BEAM_ENODAEMON (a worker, and no relay), BEAM_EPERM …, with
 * words. */
int operator_run(const struct operator_options *options, struct beam_why *why);

#endif
