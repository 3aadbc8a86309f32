/* SPDX-License-Identifier: BSD-3-Clause */
/* Where this program itself listens, as a user writes it: ADDRESS:PORT, port 0 picks one. Pure. */
#ifndef BEAM_DAEMON_PLACE_H
#define BEAM_DAEMON_PLACE_H

#include "base/addr.h"
#include "base/err.h"

/* 0, or BEAM_EUSAGE with words that begin with `what`, the option or key that it is of. */
int place_read(const char *what, const char *text, struct addr *out, struct beam_why *why);

#endif
