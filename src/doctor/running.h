/* SPDX-License-Identifier: BSD-3-Clause */
/* The daemon, as it tells of itself. */
#ifndef BEAM_DOCTOR_RUNNING_H
#define BEAM_DOCTOR_RUNNING_H

#include <stdbool.h>

#include "cli/options.h"
#include "doctor/findings.h"

struct running {
    bool there;
    bool tor_ready; /* its tor is, so that nothing more need be asked of the network */
    bool tor_off;   /* it has none now */
};

/* Of its tunnels, and of those that have a path which does not stand. Zeroed: none yet. */
struct running_tunnels {
    size_t count, down;
    char first[200]; /* of those, in words */
};

/* Asks it, if there is one; `version` is ours; `held`: one holds the pid file (daemon/pidfile.h).
 * Starts none. */
void running_check(struct findings *fs, const struct options *o, const char *version, bool held,
                   struct running *out);
/* What the reply to `status` tells. Pure. */
void running_judge(struct findings *fs, const cJSON *status, const char *version,
                   struct running *out);
/* The tunnels of one reply to `status`, and what all of them tell. Pure. */
void running_count(struct running_tunnels *t, const cJSON *status);
void running_tell(struct findings *fs, const struct running_tunnels *t);

#endif
