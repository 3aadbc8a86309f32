/* SPDX-License-Identifier: BSD-3-Clause */
/* `beam network`: how the daemon's node stands, who is connected, to reach a peer, to time it. */
#ifndef BEAM_CLI_NETWORK_H
#define BEAM_CLI_NETWORK_H

#include "cli/options.h"

enum { NETWORK_PINGS = 4 }; /* round trips of a ping */

/* `check` says whether a text is a peer id or an address: 0, or BEAM_EUSAGE with words. 0, what the
 * daemon replied, BEAM_EUSAGE, … with words. */
int network_command(const struct options *o, int (*check)(const char *text, struct beam_why *why),
                    struct beam_why *why);

#endif
