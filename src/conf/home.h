/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where things are. $BEAM_HOME, if set, holds everything; else the XDG base
 * directories. All paths are absolute. Folders are 0700.
 */
#ifndef BEAM_CONF_HOME_H
#define BEAM_CONF_HOME_H

#include "base/err.h"

enum { HOME_SOCKET_MAX = 31 }; /* run and tor leave room for socket names of so many bytes */

struct home {
    char *config; /* beam.conf (need not exist): $BEAM_HOME/beam.conf or ~/.config/beam/beam.conf */
    char *system; /* /etc/beam/beam.conf, read before it; NULL with $BEAM_HOME */
    char *data;   /* kept: the key store */
    char *state;  /* logs */
    char *run;   /* sockets and pid: gone with the daemon. $BEAM_HOME/run, $XDG_RUNTIME_DIR/beam, or
                      state/run when that is unset */
    char *tor;   /* tor's data directory and sockets: $BEAM_HOME/tor or data/tor */
    char *relay; /* of `beam relay`: $BEAM_HOME/relay or data/relay; made by it alone */
    char *control;  /* run/control.sock */
    char *operator; /* run/relay.sock: the control socket of `beam relay` */
    char *pid;      /* run/beam.pid */
};

/* `get` stands for getenv (tests replace it). 0, BEAM_ENOMEM, BEAM_EINVAL (no
 * home at all, a relative path, a file, or one so long that no unix socket fits). */
int home_find(const char *(*get)(const char *name), struct home **out, struct beam_why *why);
void home_free(struct home *h);
/* Makes data, state, run and tor, 0700; refuses looser ones and says which. */
int home_prepare(const struct home *h, struct beam_why *why);

#endif
