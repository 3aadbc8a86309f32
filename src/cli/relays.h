/* SPDX-License-Identifier: BSD-3-Clause */
/* `beam relays`: the community relays that are known in the network. */
#ifndef BEAM_CLI_RELAYS_H
#define BEAM_CLI_RELAYS_H

#include "cli/options.h"

/* 0, or what the daemon replied, with words. */
int relays_command(const struct options *o, struct beam_why *why);

#endif
