/* SPDX-License-Identifier: BSD-3-Clause */
/* What the daemon asks of the system for its process as a whole. */
#ifndef BEAM_DAEMON_PROCESS_H
#define BEAM_DAEMON_PROCESS_H

#include "base/err.h"

/* umask 077; as many descriptors as the hard limit gives; working directory "/". 0 or BEAM_EIO with
 * words. */
int process_prepare(struct beam_why *why);

#endif
