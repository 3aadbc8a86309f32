/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The files of the key store: `keystore`, which is sealed; `keystore.key`, the key it is sealed
 * under where the user set no passphrase; `keystore.lock`, which its owner has locked
 * (docs/protocol/keystore.md). Errors come with words; sodium_init comes first.
 */
#ifndef BEAM_IDENTITY_VAULT_H
#define BEAM_IDENTITY_VAULT_H

#include <stdbool.h>

#include "base/err.h"
#include "identity/keyring.h"
#include "identity/seal.h"

struct vault {
    char *dir, *store, *key, *lock; /* paths */
};

/* 0 or BEAM_ENOMEM. */
int vault_init(struct vault *v, const char *dir);
void vault_clear(struct vault *v);

/* The descriptor that keeps the lock, or BEAM_EEXIST: another process has it; BEAM_EIO. */
int vault_lock(const struct vault *v, struct beam_why *why);

/* That what there is of both is ours and 0600: BEAM_EPERM. */
int vault_check(const struct vault *v, struct beam_why *why);

/* A file that was read: the store, or a backup. */
struct vault_file {
    struct seal seal;
    uint8_t *bytes; /* in locked memory, though they are sealed still */
    size_t len;
    const char *path; /* borrowed */
};
/* A store must be ours and 0600; a backup may have any mode, and is sealed under a passphrase.
 * BEAM_ENOTFOUND, BEAM_EPERM, BEAM_EINVAL, BEAM_ENOMEM, BEAM_EIO. */
int vault_read(const char *path, bool backup, struct vault_file *out, struct beam_why *why);
void vault_release(struct vault_file *f);
/* What is in it. BEAM_EAUTH: not the key, or not as it was sealed; BEAM_EINVAL; BEAM_ENOMEM. */
int vault_open(const struct vault_file *f, const uint8_t key[SEAL_KEY_SIZE], struct keyring **out,
               struct beam_why *why);
/* Writes one, whole or not at all; with `fresh` only where nothing is (BEAM_EEXIST). */
int vault_seal(const char *path, bool fresh, const struct seal *s, const uint8_t key[SEAL_KEY_SIZE],
               const struct keyring *k, const struct rng *rng, struct beam_why *why);

/* Reads the key of its own into locked memory: sodium_free. As vault_read. */
int vault_key_read(const struct vault *v, uint8_t **out, struct beam_why *why);
/* The same; makes one where there is none, or one that is not whole and opens nothing. */
int vault_key_make(const struct vault *v, const struct rng *rng, uint8_t **out,
                   struct beam_why *why);
/* Wipes it; the store must be sealed otherwise by now. */
int vault_key_drop(const struct vault *v, struct beam_why *why);

#endif
