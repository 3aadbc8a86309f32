/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The key store: the file `keystore` in the data folder, which holds a master seed and the keys
 * that were brought in, sealed under a passphrase, or under a key of its own in `keystore.key`
 * (docs/protocol/keystore.md). All other keys are derived from the seed, so that a backup of this
 * one file brings every one of them back. sodium_init comes first.
 *
 * One process at a time is the owner: it has the lock while the store is open, and alone may write.
 * Readers take no lock and see the file as it last was whole.
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
#include "identity/seal.h"

struct keystore;

enum keystore_use {
    KEYSTORE_OWN, /* opens as the owner; a store that is not there is made, with no passphrase */
    KEYSTORE_READ /* only reads; makes nothing */
};

enum keystore_state {
    KEYSTORE_NONE,   /* there is no file */
    KEYSTORE_LOCKED, /* it has a passphrase, which nobody has given */
    KEYSTORE_OPEN,
    KEYSTORE_SHUT /* it has none, and was not opened yet, or could not be */
};
/* "none", "locked" … Static storage. */
const char *keystore_state_name(enum keystore_state state);

/* Touches no disk yet. `dir`, the data folder, is copied; `rng` is borrowed. 0 or BEAM_ENOMEM. */
int keystore_new(const char *dir, enum keystore_use use, const struct rng *rng,
                 struct keystore **out);
/* Locks it, and lets go of the file. NULL allowed. */
void keystore_free(struct keystore *ks);
/* The data folder. Borrowed. */
const char *keystore_dir(const struct keystore *ks);

/* Makes sure that keys can be had; those below that need it call it by themselves. BEAM_EAUTH: it
 * is locked; BEAM_EEXIST: another process owns it; BEAM_EPERM: a mode is loose, even of one that is
 * open; BEAM_EINVAL: it is damaged; BEAM_ENOTFOUND: a reader's, and there is none; BEAM_ENOMEM,
 * BEAM_EIO …; with words. */
int keystore_open(struct keystore *ks, struct beam_why *why);
/* Looks at the file, where it is not open. */
enum keystore_state keystore_state(const struct keystore *ks);
/* How the file is sealed: what a passphrase is made a key with. As keystore_open. */
int keystore_how(const struct keystore *ks, struct seal *out, struct beam_why *why);
/* Opens it with the key of its passphrase; BEAM_EAUTH: it is another. One that has no passphrase
 * is opened as it is. */
int keystore_unlock(struct keystore *ks, const uint8_t key[SEAL_KEY_SIZE], struct beam_why *why);
/* Forgets all that it read, and lets go of the file. */
void keystore_lock(struct keystore *ks);

/* The seed for a purpose and a context, see derive_seed: a secret, the caller's to wipe. */
int keystore_seed(struct keystore *ks, enum derive_purpose purpose, const void *context, size_t len,
                  uint8_t out[DERIVE_SEED_SIZE], struct beam_why *why);
/* The Ed25519 pair of that seed, free with key_pair_free. That of this machine's node, whose peer
 * id others see, is (DERIVE_NODE, "", 0); that of a tunnel comes from tunnel/persona. */
int keystore_pair(struct keystore *ks, enum derive_purpose purpose, const void *context, size_t len,
                  struct key_pair **out, struct beam_why *why);

/* What was brought in, and stands in the place of what would be derived. Borrowed, until the store
 * is written or locked. BEAM_ENOTFOUND (with no words): nothing was; else as keystore_open. */
int keystore_entry(struct keystore *ks, enum derive_purpose purpose, const void *context,
                   size_t len, const uint8_t **secret, size_t *secret_len, struct beam_why *why);
/* Brings one in, at most KEYRING_SECRET_MAX bytes, with the next keystore_commit. BEAM_EEXIST: it
 * has one; BEAM_ELIMIT: there is no room; else as keystore_open. */
int keystore_add(struct keystore *ks, enum derive_purpose purpose, const void *context, size_t len,
                 const void *secret, size_t secret_len, struct beam_why *why);
/* All that was added is on disk when this is 0; else none of it is, and it is forgotten. */
int keystore_commit(struct keystore *ks, struct beam_why *why);
/* How many there are, while it is open. */
size_t keystore_entries(const struct keystore *ks);

/*
 * The rest is for the commands. A seal of NULL is a key of its own, which is made. When one of
 * these fails, what was on disk is there still.
 */
/* Makes a new store and opens it. BEAM_EEXIST: there is one. */
int keystore_make(struct keystore *ks, const struct seal *seal, const uint8_t *key,
                  struct beam_why *why);
/* Seals it anew. */
int keystore_reseal(struct keystore *ks, const struct seal *seal, const uint8_t *key,
                    struct beam_why *why);
/* Writes a backup where nothing is yet (BEAM_EEXIST). */
int keystore_export(struct keystore *ks, const char *path, const struct seal *seal,
                    const uint8_t *key, struct beam_why *why);
/* How a backup is sealed; then, with its key, puts what is in it into a store sealed as given.
 * BEAM_EEXIST: there is a store, and `replace` is false; BEAM_EAUTH: not the backup's key. */
int keystore_import_how(const char *path, struct seal *out, struct beam_why *why);
int keystore_import(struct keystore *ks, const char *path, const uint8_t backup_key[SEAL_KEY_SIZE],
                    bool replace, const struct seal *seal, const uint8_t *key,
                    struct beam_why *why);

#endif
