/* SPDX-License-Identifier: BSD-3-Clause */
/* `beam TARGET`. */
#ifndef BEAM_CLI_PUBLISH_H
#define BEAM_CLI_PUBLISH_H

#include "cli/options.h"

/* What only the daemon's side of the program can judge. Each: 0, or a code with words. */
struct publish_checks {
    /* Target and name are well formed. */
    int (*wish)(const struct options *o, struct beam_why *why);
    /* A daemon can be started for it; asked when none runs. */
    int (*start)(const struct options *o, struct beam_why *why);
};

/* Publishes and shows what happens until it is told to stop; with --detach, until the tunnel is
 * up. 0, or a code with words to print. */
int publish_command(const struct options *o, const char *version,
                    const struct publish_checks *checks, struct beam_why *why);

#endif
