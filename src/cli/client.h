/* SPDX-License-Identifier: BSD-3-Clause */
/* The way to the daemon: its control socket is dialled, and the daemon started where none runs. */
#ifndef BEAM_CLI_CLIENT_H
#define BEAM_CLI_CLIENT_H

#include <cjson/cJSON.h>

#include "cli/request.h"
#include "loop/loop.h"

enum { CLIENT_DEADLINE_MS = 10 * 1000 }; /* until it has greeted us */

struct client;

struct client_events {
    /* It greeted us; requests may be sent. */
    void (*ready)(void *arg);
    /* A reply or an event, borrowed for the call. */
    void (*message)(void *arg, const cJSON *message);
    /* There is no way to it (BEAM_ENODAEMON; BEAM_EPROTO: it is another version; what `check`
     * said), or it was lost (BEAM_ECLOSED). Nothing more is called; the owner calls client_free,
     * now or later. */
    void (*closed)(void *arg, const struct beam_why *why);
    void *arg;
};

struct client_spec {
    const struct request_common *common; /* borrowed */
    bool relay; /* the relay of this user, in place of the daemon; it is never started */
    bool start; /* start the daemon where none runs */
    /* Called before one is started: 0, or a code with words that it is not to be. NULL: nothing to
     * check. */
    int (*check)(void *arg, struct beam_why *why);
    void *arg;
};

/* The first call comes later. 0, or BEAM_E… with words. */
int client_new(struct loop *l, const struct client_spec *spec, const struct client_events *events,
               struct client **out, struct beam_why *why);
/* Sends and deletes a request; NULL, for one that could not be made, is BEAM_ENOMEM.
 * 0, BEAM_ENOMEM, BEAM_ECLOSED. */
int client_send(struct client *c, cJSON *request);
/* May be called from its own events. NULL allowed. */
void client_free(struct client *c);

#endif
