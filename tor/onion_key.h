/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The key of a v3 onion service (rend-spec-v3): an expanded Ed25519 secret of
 * 64 bytes, and the address that its public half makes.
 */
#ifndef BEAM_TOR_ONION_KEY_H
#define BEAM_TOR_ONION_KEY_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/rng.h"

enum { ONION_ADDRESS_LEN = 56, ONION_ADDRESS_SIZE = ONION_ADDRESS_LEN + 1 }; /* without ".onion" */
enum { ONION_SEED_SIZE = 32, ONION_SECRET_SIZE = 64 };

struct onion_key;

/* Fresh; in locked memory. 0 or BEAM_ENOMEM. */
int onion_key_new(const struct rng *rng, struct onion_key **out);
/* From 32 secret bytes, which stay the caller's to wipe. 0 or BEAM_ENOMEM. */
int onion_key_from_seed(const uint8_t seed[ONION_SEED_SIZE], struct onion_key **out);
/* From the expanded secret: BEAM_EINVAL when it is none (not clamped), BEAM_ENOMEM. */
int onion_key_from_secret(const uint8_t secret[ONION_SECRET_SIZE], struct onion_key **out);
/* From a file, docs/protocol/onion-key.md: 0600, ours, exact. BEAM_ENOTFOUND, BEAM_EPERM,
 * BEAM_EINVAL (not a key), with words in `why`. */
int onion_key_load(const char *path, struct onion_key **out, struct beam_why *why);
/* Wipes. NULL allowed. */
void onion_key_free(struct onion_key *key);

/* The expanded secret, ONION_SECRET_SIZE bytes. Borrowed. */
const uint8_t *onion_key_secret(const struct onion_key *key);
/* The 56 characters before ".onion". Borrowed. */
const char *onion_key_address(const struct onion_key *key);
/* "ED25519-V3:BASE64", as ADD_ONION wants it, into locked memory: sodium_free.
 * NULL: out of memory. */
char *onion_key_blob(const struct onion_key *key);

/* Whether text is a v3 address (with or without ".onion", any case): length,
 * alphabet, version and checksum. Pure. */
int onion_address_check(const char *text);

#endif
