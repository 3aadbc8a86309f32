/* SPDX-License-Identifier: BSD-3-Clause */
/* `beam visitors`: the keys of those who may enter an onion, and the file that lists them. */
#ifndef BEAM_CLI_VISITORS_H
#define BEAM_CLI_VISITORS_H

#include "cli/options.h"

/* BEAM_EUSAGE (the words do not make one), BEAM_EINVAL, BEAM_EEXIST, BEAM_ENOTFOUND, BEAM_EPERM,
 * BEAM_EIO, BEAM_ELIMIT, BEAM_ENOMEM, with words. */
int visitors_command(const struct options *o, struct beam_why *why);

#endif
