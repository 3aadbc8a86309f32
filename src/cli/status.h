/* SPDX-License-Identifier: BSD-3-Clause */
/* `beam status`. */
#ifndef BEAM_CLI_STATUS_H
#define BEAM_CLI_STATUS_H

#include <cjson/cJSON.h>
#include <stdio.h>

#include "cli/options.h"

/* Prints what runs here. 0, or a code with words to print. */
int status_command(const struct options *o, struct beam_why *why);

/* A whole status, as --json prints it, as text for a person. Pure but for `to`. */
void status_print(FILE *to, const cJSON *status);

#endif
