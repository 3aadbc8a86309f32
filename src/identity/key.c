/* SPDX-License-Identifier: BSD-3-Clause */
#include "identity/key.h"

#include <sodium.h>
#include <string.h>

#include "base/err.h"
#include "base/pb.h"
#include "identity/foreign_key.h"

/* The fields of a PublicKey. */
enum { FIELD_TYPE = 1, FIELD_DATA = 2 };

struct key_pair {
    uint8_t secret[crypto_sign_SECRETKEYBYTES]; /* the seed, then the public key */
};

/* Exactly a type and the data, in this order. */
static int decode(const void *data, size_t len, enum key_type *type, const uint8_t **at, size_t *n)
{
    struct pb_reader r;
    struct pb_field first, second, more;
    pb_read_init(&r, data, len);
    if (!pb_next(&r, &first) || !pb_is(&first, FIELD_TYPE, PB_VARINT) || !pb_next(&r, &second) ||
        !pb_is(&second, FIELD_DATA, PB_BYTES) || pb_next(&r, &more) || pb_end(&r) < 0 ||
        first.value > KEY_ECDSA)
        return BEAM_EINVAL;
    *type = (enum key_type)first.value;
    *at = second.at;
    *n = second.len;
    return 0;
}

static int encode(enum key_type type, const uint8_t *data, size_t len, void *out, size_t size,
                  size_t *out_len)
{
    struct wire_writer w;
    wire_write_init(&w, out, size);
    pb_write_number(&w, FIELD_TYPE, type);
    pb_write_bytes(&w, FIELD_DATA, data, len);
    return wire_write_end(&w, out_len);
}

int key_public_decode(const void *data, size_t len, struct key_public *out)
{
    enum key_type type;
    const uint8_t *at;
    size_t n;
    int err = decode(data, len, &type, &at, &n);
    if (err == 0 && n > KEY_DATA_MAX)
        err = BEAM_ELIMIT;
    if (err == 0 && type == KEY_ED25519)
        err = n == KEY_ED25519_SIZE ? 0 : BEAM_EINVAL;
    else if (err == 0)
        err = foreign_key_check(type, at, n);
    if (err < 0)
        return err;
    out->type = type;
    out->len = n;
    memcpy(out->data, at, n);
    return 0;
}

int key_public_encode(const struct key_public *key, void *out, size_t size, size_t *out_len)
{
    return encode(key->type, key->data, key->len, out, size, out_len);
}

int key_public_verify(const struct key_public *key, const void *data, size_t len, const void *sig,
                      size_t sig_len)
{
    if (key->type != KEY_ED25519)
        return foreign_key_verify(key->type, key->data, key->len, data, len, sig, sig_len);
    if (sig_len != crypto_sign_BYTES || crypto_sign_verify_detached(sig, data, len, key->data) != 0)
        return BEAM_EAUTH;
    return 0;
}

static struct key_pair *pair_new(void)
{
    return sodium_malloc(sizeof(struct key_pair));
}

int key_pair_from_seed(const uint8_t seed[KEY_SEED_SIZE], struct key_pair **out)
{
    uint8_t public[crypto_sign_PUBLICKEYBYTES];
    struct key_pair *pair = pair_new();
    if (!pair)
        return BEAM_ENOMEM;
    crypto_sign_seed_keypair(public, pair->secret, seed);
    *out = pair;
    return 0;
}

int key_pair_new(const struct rng *rng, struct key_pair **out)
{
    uint8_t *seed = sodium_malloc(KEY_SEED_SIZE);
    if (!seed)
        return BEAM_ENOMEM;
    rng->fill(rng->arg, seed, KEY_SEED_SIZE);
    int err = key_pair_from_seed(seed, out);
    sodium_free(seed);
    return err;
}

void key_pair_public(const struct key_pair *pair, struct key_public *out)
{
    out->type = KEY_ED25519;
    out->len = KEY_ED25519_SIZE;
    memcpy(out->data, pair->secret + KEY_SEED_SIZE, KEY_ED25519_SIZE);
}

void key_pair_sign(const struct key_pair *pair, const void *data, size_t len,
                   uint8_t sig[KEY_SIGNATURE_SIZE])
{
    crypto_sign_detached(sig, NULL, data, len, pair->secret);
}

void key_pair_free(struct key_pair *pair)
{
    sodium_free(pair);
}
