/* SPDX-License-Identifier: BSD-3-Clause */
/* `beam TARGET`. */
#ifndef BEAM_CLI_PUBLISH_H
#define BEAM_CLI_PUBLISH_H

#include "cli/options.h"

/* Publishes and shows what happens until it is told to stop; with --detach, until the tunnel is
 * up. 0, or a code with words to print. */
int publish_command(const struct options *o, const char *version, struct beam_why *why);

#endif
