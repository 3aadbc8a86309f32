/* SPDX-License-Identifier: BSD-3-Clause */
/* `beam stop`. */
#ifndef BEAM_CLI_STOP_H
#define BEAM_CLI_STOP_H

#include "cli/options.h"

/* Stops a tunnel or all. 0, or a code with words to print. */
int stop_command(const struct options *o, struct beam_why *why);

#endif
