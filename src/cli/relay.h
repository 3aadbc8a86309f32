/* SPDX-License-Identifier: BSD-3-Clause */
/* `beam relay ban|unban|drop|list`: tells a relay that runs what to do. */
#ifndef BEAM_CLI_RELAY_H
#define BEAM_CLI_RELAY_H

#include "cli/options.h"

/* What the relay answered; BEAM_ENODAEMON: none runs; with words. */
int relay_command(const struct options *o, struct beam_why *why);

#endif
