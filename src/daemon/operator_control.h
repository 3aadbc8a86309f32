/* SPDX-License-Identifier: BSD-3-Clause */
/* The control socket of a relay: run/relay.sock, mode 0600, for processes of its own user alone. */
#ifndef BEAM_DAEMON_OPERATOR_CONTROL_H
#define BEAM_DAEMON_OPERATOR_CONTROL_H

#include "daemon/operator_acts.h"
#include "loop/loop.h"

struct operator_control;

enum {
    OPERATOR_CONTROL_MAX = 16,       /* connections; with one more the oldest goes */
    OPERATOR_CONTROL_IDLE_MS = 60000 /* for a connection on which nothing is asked */
};

/* `acts` and `version` are borrowed. 0, or BEAM_E… with words. */
int operator_control_new(struct loop *l, const char *path, const char *version,
                         const struct operator_acts *acts, struct operator_control **out,
                         struct beam_why *why);
/* Resets what is open. NULL allowed. */
void operator_control_free(struct operator_control *c);

#endif
