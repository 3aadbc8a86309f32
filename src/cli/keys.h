/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `beam keys …`: the key store and its backups. Passphrases are made into keys here, and never
 * leave this process; a daemon that is told to unlock its store gets such a key.
 */
#ifndef BEAM_CLI_KEYS_H
#define BEAM_CLI_KEYS_H

#include "cli/options.h"

int keys_command(const struct options *o, struct beam_why *why);

#endif
