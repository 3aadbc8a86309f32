/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Public keys of the types that beam verifies but does not make: RSA, secp256k1 and ECDSA, through
 * OpenSSL's EVP. For identity/key alone, which says what is taken. Pure.
 */
#ifndef BEAM_IDENTITY_FOREIGN_KEY_H
#define BEAM_IDENTITY_FOREIGN_KEY_H

#include <stddef.h>
#include <stdint.h>

#include "identity/key.h"

enum { FOREIGN_RSA_BITS_MIN = 2048, FOREIGN_RSA_BITS_MAX = 8192 };

/* 0; BEAM_EINVAL: not such a key, or not in its one form; BEAM_ELIMIT: an RSA key too short or too
 * long; BEAM_ENOMEM. */
int foreign_key_check(enum key_type type, const uint8_t *key, size_t len);
/* 0, BEAM_EAUTH; BEAM_ENOMEM. */
int foreign_key_verify(enum key_type type, const uint8_t *key, size_t key_len, const void *data,
                       size_t len, const void *sig, size_t sig_len);

#endif
