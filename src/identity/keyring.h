/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is in the key store: a master seed, and entries, each of a purpose and a context, that stand
 * in the place of what the seed would make for these (docs/protocol/keystore.md). A ring never
 * changes; one with an entry more is another. In locked memory. Pure. sodium_init comes first.
 */
#ifndef BEAM_IDENTITY_KEYRING_H
#define BEAM_IDENTITY_KEYRING_H

#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"
#include "identity/derive.h"

enum { KEYRING_MAX = 128 * 1024 /* bytes */, KEYRING_SECRET_MAX = 255 };

struct keyring;

/* With a fresh seed and no entries. 0 or BEAM_ENOMEM. */
int keyring_new(const struct rng *rng, struct keyring **out);
/* BEAM_EINVAL: not a ring as one is written, to the byte; BEAM_ELIMIT: larger than KEYRING_MAX;
 * BEAM_ENOMEM. */
int keyring_decode(const void *data, size_t len, struct keyring **out);
/* Its bytes, borrowed; a secret. */
const uint8_t *keyring_bytes(const struct keyring *k, size_t *len);
/* Wipes. NULL allowed. */
void keyring_free(struct keyring *k);

const uint8_t *keyring_master(const struct keyring *k);
size_t keyring_count(const struct keyring *k);
/* The entry's secret, borrowed; NULL: there is none. */
const uint8_t *keyring_find(const struct keyring *k, enum derive_purpose purpose,
                            const void *context, size_t len, size_t *secret_len);
/* A copy with one entry more. BEAM_EEXIST: it has one; BEAM_EINVAL (no such purpose); BEAM_ELIMIT
 * (context, secret of 1 to KEYRING_SECRET_MAX bytes, or no room); BEAM_ENOMEM. */
int keyring_with(const struct keyring *k, enum derive_purpose purpose, const void *context,
                 size_t len, const void *secret, size_t secret_len, struct keyring **out);

#endif
