/* SPDX-License-Identifier: BSD-3-Clause */
/* `beam doctor`: looks at all that a tunnel needs, and says what to do about each fault. */
#ifndef BEAM_DOCTOR_DOCTOR_H
#define BEAM_DOCTOR_DOCTOR_H

#include "cli/options.h"
#include "daemon/daemon.h"

/* Prints what it finds on standard output. 0 when nothing is at fault; else BEAM_EIO without words:
 * they have been said. BEAM_ENOMEM with words. */
int doctor_command(const struct options *o, const struct daemon_options *daemon,
                   struct beam_why *why);

#endif
