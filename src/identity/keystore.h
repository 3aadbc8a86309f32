/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The key store: the file `keystore` in the data folder, which holds a master seed and the keys
 * that were brought in, sealed under a passphrase, or under a key of its own in `keystore.key`
 * (docs/protocol/keystore.md). All other keys are derived from the seed, so that a backup of this
 * one file brings every one of them back. sodium_init comes first.
 *
 * Whoever has it open may be its owner or a reader. One process at a time is the owner: it has the
 * lock, and alone may write. Readers take no lock and see the file as it last was whole.
 */
#ifndef BEAM_IDENTITY_KEYSTORE_H
#define BEAM_IDENTITY_KEYSTORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/rng.h"
#include "identity/derive.h"
#include "identity/key.h"

struct keystore;

enum keystore_use {
    KEYSTORE_OWN, /* opens as the owner; a store that is not there is made, with no passphrase */
    KEYSTORE_READ /* only reads; makes nothing */
};

/* Touches no disk yet. `dir`, the data folder, is copied; `rng` is borrowed. 0 or BEAM_ENOMEM. */
int keystore_new(const char *dir, enum keystore_use use, const struct rng *rng,
                 struct keystore **out);
/* Locks it, and lets go of the file. NULL allowed. */
void keystore_free(struct keystore *ks);

/* Makes sure that keys can be had; the functions below call it by themselves. BEAM_EAUTH: it is
 * locked, that is, a passphrase has to unlock it first; BEAM_EEXIST: another process owns it;
 * BEAM_EPERM (a loose mode), BEAM_EINVAL (a damaged file), BEAM_ENOTFOUND (a reader's, and there is
 * none), BEAM_ENOMEM, BEAM_EIO …, with words. */
int keystore_open(struct keystore *ks, struct beam_why *why);
bool keystore_is_open(const struct keystore *ks);

/* The seed for a purpose and a context, see derive_seed: a secret, the caller's to wipe. */
int keystore_seed(struct keystore *ks, enum derive_purpose purpose, const void *context, size_t len,
                  uint8_t out[DERIVE_SEED_SIZE], struct beam_why *why);
/* The Ed25519 pair of that seed, free with key_pair_free. That of this machine's node, whose peer
 * id others see, is (DERIVE_NODE, "", 0); that of a tunnel comes from tunnel/persona. */
int keystore_pair(struct keystore *ks, enum derive_purpose purpose, const void *context, size_t len,
                  struct key_pair **out, struct beam_why *why);

#endif
