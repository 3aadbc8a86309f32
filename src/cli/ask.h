/* SPDX-License-Identifier: BSD-3-Clause */
/* For commands that ask the daemon something and end: request, reply, perhaps once more. */
#ifndef BEAM_CLI_ASK_H
#define BEAM_CLI_ASK_H

#include "cli/request.h"

enum { ASK_DEADLINE_MS = 10 * 1000 }; /* for one reply, where nothing else is said */

struct ask {
    /* The next request, with this id; NULL: out of memory. */
    cJSON *(*request)(void *arg, uint64_t id, const struct request_common *c);
    /* Its reply, which says it went well; borrowed. True: ask once more. */
    bool (*reply)(void *arg, const cJSON *reply);
    bool relay;           /* the relay of this user, in place of the daemon */
    bool start;           /* a daemon, where none runs */
    uint64_t deadline_ms; /* for one reply; 0: ASK_DEADLINE_MS */
    void *arg;
};

/* 0, the code of the reply, BEAM_ENODAEMON (none runs, or could be started), BEAM_ETIMEOUT …, with
 * words. */
int ask_daemon(const struct options *o, const struct ask *ask, struct beam_why *why);

#endif
