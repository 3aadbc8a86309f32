/* SPDX-License-Identifier: BSD-3-Clause */
/* The control socket: run/control.sock, mode 0600, for processes of our own user alone. */
#ifndef BEAM_DAEMON_SERVER_H
#define BEAM_DAEMON_SERVER_H

#include "daemon/session.h"

struct server;

struct server_events {
    /* A session has come or gone. */
    void (*changed)(void *arg);
    /* server_stop is done: no session is left. */
    void (*stopped)(void *arg);
    void *arg;
};

enum {
    /* Connections that publish nothing: with one more, the oldest of them is closed. Connections
     * that publish are bounded by daemon.max_tunnels. */
    SERVER_IDLE_MAX = 128
};

/* `path` of the socket. `world` is borrowed. 0, or BEAM_E… with words. */
int server_new(const struct session_world *world, const char *path,
               const struct server_events *events, struct server **out, struct beam_why *why);
/* Takes no more connections, removes the socket and lets the sessions end in order; `stopped`
 * comes from the loop. */
void server_stop(struct server *s);
/* NULL allowed. */
void server_free(struct server *s);
size_t server_sessions(const struct server *s);

#endif
