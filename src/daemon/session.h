/* SPDX-License-Identifier: BSD-3-Clause */
/* One connection to the control socket: greets, answers requests, passes events on. */
#ifndef BEAM_DAEMON_SESSION_H
#define BEAM_DAEMON_SESSION_H

#include <stdbool.h>

#include "conf/conf.h"
#include "daemon/inquiry.h"
#include "daemon/publication.h"
#include "identity/keystore.h"
#include "stream/stream.h"
#include "tor/tor.h"

/* What all sessions share. Borrowed; outlives them. */
struct session_world {
    struct loop *loop;
    const struct clock_source *clock;
    const char *version;
    const struct conf *conf;
    const char *config; /* the configuration file, absolute */
    const struct tor *tor;
    struct publications *publications;
    struct keystore *keys;
    struct inquiries *inquiries; /* NULL: nothing is asked of a network */
    uint64_t started;            /* milliseconds since 1970 */
};

struct session;

struct session_events {
    /* It is over: the owner calls session_free, now or later. */
    void (*ended)(void *arg, struct session *s);
    void *arg;
};

enum {
    SESSION_IDLE_MS = 60 * 1000, /* a connection that publishes nothing and asks nothing ends */
    SESSION_FINISH_MS = 500,     /* for what is queued when a session is finished */
    SESSION_QUEUE_MAX = 1 << 20  /* bytes a peer may leave unread before requests go untold */
};

/* Takes the stream over, always, and greets. 0 or BEAM_ENOMEM. */
int session_new(const struct session_world *world, struct stream *stream,
                const struct session_events *events, struct session **out);
/* Says no more than what is queued, then ends. */
void session_finish(struct session *s);
/* What it published ends, unless detached. `ended` is not called. NULL allowed. */
void session_free(struct session *s);
/* Whether it hears a tunnel. */
bool session_publishes(const struct session *s);

#endif
