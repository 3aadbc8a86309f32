/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What was kept before there was a key store: an onion key for each (target, name) in
 * onions/HASH.key (docs/protocol/onion-key.md), and the names of targets in names.json. They are
 * moved into the store, so that addresses and names stay and a backup has them.
 */
#ifndef BEAM_TUNNEL_LEGACY_H
#define BEAM_TUNNEL_LEGACY_H

#include <stdint.h>

#include "base/err.h"
#include "identity/keystore.h"

enum { LEGACY_CONTEXT_SIZE = 16 }; /* the HASH, which is what the store knows the key by too */

/*
 * Moves all there is, and removes the files once the store has it on disk. Does nothing, not even
 * open the store, where there is none of it. A key file that is loose or none stays, and is told in
 * the log. As keystore_open; BEAM_EPERM: the folder is loose; BEAM_EINVAL: names.json is none, with
 * words.
 */
int legacy_move(struct keystore *keys, struct beam_why *why);
/* 0 when no key file for this hash stayed behind; else why it did. */
int legacy_check(const struct keystore *keys, const uint8_t context[LEGACY_CONTEXT_SIZE],
                 struct beam_why *why);

#endif
