/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The keys that identities are made of (libp2p/specs, peer-ids): Ed25519 pairs of our own, and the
 * public keys of others, which may be of any of the four types. Pure.
 *
 * A key has one encoding and no other, for a peer id is made of its bytes: decoders take protobuf
 * fields in order, each once, nothing beside them and minimal varints; of RSA and ECDSA only the
 * DER that OpenSSL would write, of secp256k1 only the compressed point. sodium_init comes first.
 */
#ifndef BEAM_IDENTITY_KEY_H
#define BEAM_IDENTITY_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"

enum key_type { KEY_RSA = 0, KEY_ED25519 = 1, KEY_SECP256K1 = 2, KEY_ECDSA = 3 };

enum {
    KEY_SEED_SIZE = 32,
    KEY_ED25519_SIZE = 32,
    KEY_SIGNATURE_SIZE = 64,           /* of a pair of ours */
    KEY_SIGNATURE_MAX = 1024,          /* of anybody: RSA of 8192 bits */
    KEY_DATA_MAX = 1100,               /* RSA of 8192 bits, as DER */
    KEY_ENCODED_MAX = KEY_DATA_MAX + 5 /* a public key */
};

/* A public key that was checked: only the functions below fill it. May be copied. */
struct key_public {
    enum key_type type;
    size_t len;
    uint8_t data[KEY_DATA_MAX];
};

/* From the protobuf PublicKey. RSA has 2048 to 8192 bits, ECDSA one of P-256, P-384 and P-521.
 * BEAM_EINVAL: not a key, or not written in the one way; BEAM_ELIMIT: RSA of another size;
 * BEAM_ENOMEM. */
int key_public_decode(const void *data, size_t len, struct key_public *out);
/* The protobuf PublicKey. Sets *out_len. 0 or BEAM_ELIMIT. */
int key_public_encode(const struct key_public *key, void *out, size_t size, size_t *out_len);
/* Whether sig is the key's over data: Ed25519 as RFC 8032 has it, the others over SHA-256, RSA in
 * PKCS#1 v1.5, secp256k1 and ECDSA in DER. 0, BEAM_EAUTH or BEAM_ENOMEM. */
int key_public_verify(const struct key_public *key, const void *data, size_t len, const void *sig,
                      size_t sig_len);

/* An Ed25519 pair, in locked memory. */
struct key_pair;

/* 0 or BEAM_ENOMEM. */
int key_pair_new(const struct rng *rng, struct key_pair **out);
/* From the 32 bytes of RFC 8032, which stay the caller's to wipe. 0 or BEAM_ENOMEM. */
int key_pair_from_seed(const uint8_t seed[KEY_SEED_SIZE], struct key_pair **out);
void key_pair_public(const struct key_pair *pair, struct key_public *out);
void key_pair_sign(const struct key_pair *pair, const void *data, size_t len,
                   uint8_t sig[KEY_SIGNATURE_SIZE]);
/* Wipes. NULL allowed. */
void key_pair_free(struct key_pair *pair);

#endif
