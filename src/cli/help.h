/* SPDX-License-Identifier: BSD-3-Clause */
/* The help, made from the tables of options.h. */
#ifndef BEAM_CLI_HELP_H
#define BEAM_CLI_HELP_H

#include <stdio.h>

#include "cli/options.h"

/* The whole help, or that of one command. */
void help_print(FILE *to, const char *version, enum command command);

#endif
