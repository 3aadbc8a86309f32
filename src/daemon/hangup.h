/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What SIGHUP means. Whoever closes the terminal in whose foreground a program runs wants it to
 * end; any other SIGHUP has it read its files again.
 */
#ifndef BEAM_DAEMON_HANGUP_H
#define BEAM_DAEMON_HANGUP_H

#include <stdbool.h>

struct hangup { /* private */
    bool ends;  /* there is such a terminal, and nobody (nohup) wants it to be outlived */
};

/* To be called while the process is as it was started. */
void hangup_init(struct hangup *h);
/* When SIGHUP came: whether it was of the terminal, which is gone. */
bool hangup_ends(const struct hangup *h);

#endif
