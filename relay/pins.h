/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whom a relay that was given as HOST:PORT turned out to be when it was first used, and must be
 * from then on. A text file, a line a relay: what was typed, a blank, the peer id.
 */
#ifndef BEAM_RELAY_PINS_H
#define BEAM_RELAY_PINS_H

#include "identity/peer_id.h"

/* 0, BEAM_ENOTFOUND (none yet), BEAM_EINVAL (a line that is none), BEAM_EPERM, … with words. */
int pins_find(const char *path, const char *relay, struct peer_id *out, struct beam_why *why);
/* Adds one that is not there; makes the folder if need be. BEAM_ELIMIT: the file is full. */
int pins_add(const char *path, const char *relay, const struct peer_id *peer, struct beam_why *why);

#endif
