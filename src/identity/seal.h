/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bytes sealed into a file: XChaCha20-Poly1305 under a key that stands in another file, or that
 * Argon2id makes of a passphrase (docs/protocol/keystore.md). Pure. sodium_init comes first.
 */
#ifndef BEAM_IDENTITY_SEAL_H
#define BEAM_IDENTITY_SEAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"

enum {
    SEAL_KEY_SIZE = 32,
    SEAL_SALT_SIZE = 16,
    SEAL_HEAD_SIZE = 64,
    SEAL_OVERHEAD = SEAL_HEAD_SIZE + 16, /* a sealed file is longer than what is in it by this */
    SEAL_PASSPHRASE_MAX = 1024,
    /* What Argon2id may be asked for by a file; and what beam itself asks for. */
    SEAL_PASSES_MAX = 16,
    SEAL_MEMORY_MIN = 8, /* KiB */
    SEAL_MEMORY_MAX = 512 * 1024,
    SEAL_PASSES = 3,
    SEAL_MEMORY = 256 * 1024
};

enum seal_by { SEAL_BY_KEY = 1, SEAL_BY_PASSPHRASE = 2 };

/* What the key is. With SEAL_BY_KEY the rest is zero. */
struct seal {
    enum seal_by by;
    uint32_t passes, memory; /* of Argon2id; KiB */
    uint8_t salt[SEAL_SALT_SIZE];
};

/* For a passphrase, with a fresh salt and beam's own figures; may be made cheaper then. */
void seal_init_passphrase(struct seal *s, const struct rng *rng);
void seal_init_key(struct seal *s);

/* The key that a passphrase of at most SEAL_PASSPHRASE_MAX bytes makes: takes s->memory and about
 * a second. `out` is a secret then. 0, BEAM_ENOMEM, BEAM_ELIMIT (the passphrase, or s). */
int seal_key(const struct seal *s, const char *passphrase, size_t len, uint8_t out[SEAL_KEY_SIZE]);

/* Writes len + SEAL_OVERHEAD bytes. 0 or BEAM_ELIMIT (`size`). */
int seal_close(const struct seal *s, const uint8_t key[SEAL_KEY_SIZE], const struct rng *rng,
               const void *data, size_t len, void *out, size_t size);
/* How a file is sealed. BEAM_EINVAL: no sealed file, or not the whole of one; BEAM_EPROTO: of
 * another version; BEAM_ELIMIT: it asks for more than Argon2id is granted. */
int seal_read(const void *file, size_t len, struct seal *out);
/* Opens it, len - SEAL_OVERHEAD bytes. Besides what seal_read finds: BEAM_EAUTH: another key, or
 * any byte is not as it was sealed; then all of `out` is zeros. BEAM_ELIMIT (`size`) too. */
int seal_open(const void *file, size_t len, const uint8_t key[SEAL_KEY_SIZE], void *out,
              size_t size);

#endif
