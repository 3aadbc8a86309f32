/* SPDX-License-Identifier: BSD-3-Clause */
#include "identity/key.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <sodium.h>
#include <string.h>

#include "base/err.h"
#include "base/pb.h"
#include "tests/unit/harness.h"
#include "tests/unit/identity/hex.h"
#include "tests/vectors/libp2p.h"
#include "tests/vectors/peer_ids.h"

BEAM_TEST(key, a_pair_of_the_specification)
{
    cr_assert_geq(sodium_init(), 0);
    struct hex private = hex(PEER_IDS_ED25519_PRIVATE), public = hex(PEER_IDS_ED25519_PUBLIC);
    struct key_pair *pair = NULL;
    struct key_public key;
    uint8_t out[KEY_ENCODED_MAX];
    size_t len = 0;
    cr_assert_eq(key_pair_from_seed(private.bytes + 4, &pair), 0, "behind its head");
    key_pair_public(pair, &key);
    cr_assert_eq(key_public_encode(&key, out, sizeof(out), &len), 0);
    cr_assert_eq(len, public.len);
    cr_assert_eq(memcmp(out, public.bytes, len), 0);
    cr_assert_eq(key_public_encode(&key, out, len - 1, &len), BEAM_ELIMIT);
    key_pair_free(pair);
}

BEAM_TEST(key, signs_as_js_libp2p_does)
{
    cr_assert_geq(sodium_init(), 0);
    struct hex seed = hex(LIBP2P_SEED), data = hex(LIBP2P_SIGNED), want = hex(LIBP2P_SIGNATURE);
    struct key_pair *pair = NULL;
    struct key_public key;
    uint8_t sig[KEY_SIGNATURE_SIZE];
    cr_assert_eq(key_pair_from_seed(seed.bytes, &pair), 0);
    key_pair_sign(pair, data.bytes, data.len, sig);
    cr_assert_eq(memcmp(sig, want.bytes, sizeof(sig)), 0);
    key_pair_public(pair, &key);
    cr_assert_eq(key_public_verify(&key, data.bytes, data.len, sig, sizeof(sig)), 0);
    cr_assert_eq(key_public_verify(&key, data.bytes, data.len - 1, sig, sizeof(sig)), BEAM_EAUTH);
    cr_assert_eq(key_public_verify(&key, data.bytes, data.len, sig, sizeof(sig) - 1), BEAM_EAUTH);
    sig[40] ^= 1;
    cr_assert_eq(key_public_verify(&key, data.bytes, data.len, sig, sizeof(sig)), BEAM_EAUTH);
    key_pair_free(pair);
}

BEAM_TEST(key, new_pairs_differ)
{
    cr_assert_geq(sodium_init(), 0);
    struct key_pair *a = NULL, *b = NULL;
    struct key_public one, other;
    cr_assert_eq(key_pair_new(rng_system(), &a), 0);
    int err = key_pair_new(rng_system(), &b);
    if (err == 0) {
        key_pair_public(a, &one);
        key_pair_public(b, &other);
        cr_expect_neq(memcmp(one.data, other.data, KEY_ED25519_SIZE), 0);
    }
    key_pair_free(a);
    key_pair_free(b);
    cr_assert_eq(err, 0);
}

static void foreign(enum key_type type, const char *key_hex, const char *sig_hex)
{
    static struct key_public key;
    uint8_t out[KEY_ENCODED_MAX];
    struct hex in = hex(key_hex), sig = hex(sig_hex);
    static const char data[] = PEER_IDS_SIGNED;
    size_t len = 0, n = sizeof(data) - 1;
    cr_assert_eq(key_public_decode(in.bytes, in.len, &key), 0, "type %d", type);
    cr_assert_eq(key.type, type);
    cr_assert_eq(key_public_encode(&key, out, sizeof(out), &len), 0);
    cr_assert(len == in.len && memcmp(out, in.bytes, len) == 0, "type %d", type);

    cr_assert_eq(key_public_verify(&key, data, n, sig.bytes, sig.len), 0, "type %d", type);
    cr_assert_eq(key_public_verify(&key, data, n - 1, sig.bytes, sig.len), BEAM_EAUTH);
    cr_assert_eq(key_public_verify(&key, data, n, sig.bytes, sig.len - 1), BEAM_EAUTH);
    cr_assert_eq(key_public_verify(&key, data, n, sig.bytes, 0), BEAM_EAUTH);
    sig.bytes[sig.len] = 0;
    cr_assert_eq(key_public_verify(&key, data, n, sig.bytes, sig.len + 1), BEAM_EAUTH);
    sig.bytes[sig.len - 1] ^= 1;
    cr_assert_eq(key_public_verify(&key, data, n, sig.bytes, sig.len), BEAM_EAUTH);

    for (size_t cut = 1; cut < in.len; cut += 1 + in.len / 40)
        cr_assert_eq(key_public_decode(in.bytes, in.len - cut, &key), BEAM_EINVAL);
}

BEAM_TEST(key, verifies_the_types_of_others)
{
    foreign(KEY_SECP256K1, PEER_IDS_SECP256K1_PUBLIC, PEER_IDS_SECP256K1_SIGNATURE);
    foreign(KEY_ECDSA, PEER_IDS_ECDSA_PUBLIC, PEER_IDS_ECDSA_SIGNATURE);
    foreign(KEY_RSA, PEER_IDS_RSA_PUBLIC, PEER_IDS_RSA_SIGNATURE);
}

BEAM_TEST(key, has_one_encoding)
{
    struct hex good = hex(LIBP2P_PUBLIC);
    struct key_public key;
    uint8_t in[64];
    const struct {
        const char *what, *head, *tail;
        size_t head_len, tail_len;
    } bad[] = {
        {"no type", "\x12\x20", "", 2, 0},
        {"a type that nobody knows", "\x08\x04\x12\x20", "", 4, 0},
        {"a type that is not minimal", "\x08\x81\x00\x12\x20", "", 5, 0},
        {"a length that is not minimal", "\x08\x01\x12\xa0\x00", "", 5, 0},
        {"a type that is said twice", "\x08\x01\x08\x01\x12\x20", "", 6, 0},
        {"the type behind", "\x12\x20", "\x08\x01", 2, 2},
        {"a field more", "\x08\x01\x12\x20", "\x18\x01", 4, 2},
        {"a byte more", "\x08\x01\x12\x20", "\x00", 4, 1},
        {"33 bytes of key", "\x08\x01\x12\x21", "\x00", 4, 1},
        {"the key of another type", "\x08\x02\x12\x20", "", 4, 0},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        size_t n = bad[i].head_len;
        memcpy(in, bad[i].head, n);
        memcpy(in + n, good.bytes + 4, 32);
        memcpy(in + n + 32, bad[i].tail, bad[i].tail_len);
        cr_assert_eq(key_public_decode(in, n + 32 + bad[i].tail_len, &key), BEAM_EINVAL, "%s",
                     bad[i].what);
    }
    cr_assert_eq(key_public_decode(good.bytes, good.len, &key), 0);
    cr_assert_eq(key_public_decode("", 0, &key), BEAM_EINVAL);
}

/* Wraps DER or a point as a PublicKey of a type and decodes it. */
static int decode_as(enum key_type type, const uint8_t *data, size_t len)
{
    static struct key_public key;
    static uint8_t in[4096];
    struct wire_writer w;
    size_t n = 0;
    wire_write_init(&w, in, sizeof(in));
    pb_write_number(&w, 1, type);
    pb_write_bytes(&w, 2, data, len);
    cr_assert_eq(wire_write_end(&w, &n), 0);
    return key_public_decode(in, n, &key);
}

/* A public RSA key with a modulus of so many bits, which nobody has the secret of. */
static int decode_rsa(unsigned bits, unsigned exponent)
{
    uint8_t modulus[2048], *der = NULL;
    EVP_PKEY *pkey = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    memset(modulus, 0xff, sizeof(modulus));
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, modulus, bits / 8),
        OSSL_PARAM_construct_uint(OSSL_PKEY_PARAM_RSA_E, &exponent),
        OSSL_PARAM_construct_end(),
    };
    cr_assert(ctx && EVP_PKEY_fromdata_init(ctx) == 1);
    cr_assert_eq(EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params), 1);
    int len = i2d_PUBKEY(pkey, &der);
    cr_assert_gt(len, 0);
    int err = decode_as(KEY_RSA, der, (size_t)len);
    OPENSSL_free(der);
    EVP_PKEY_free(pkey);
    EVP_PKEY_CTX_free(ctx);
    return err;
}

BEAM_TEST(key, rsa_has_limits)
{
    cr_assert_eq(decode_rsa(2048, 65537), 0);
    cr_assert_eq(decode_rsa(8192, 65537), 0);
    cr_assert_eq(decode_rsa(8192, 0x7fffffff), 0);
    cr_assert_eq(decode_rsa(2040, 65537), BEAM_ELIMIT);
    cr_assert_eq(decode_rsa(8200, 65537), BEAM_ELIMIT);
    cr_assert_eq(decode_rsa(16384, 65537), BEAM_ELIMIT);
    cr_assert_eq(decode_rsa(2048, 1), BEAM_EINVAL);
    cr_assert_eq(decode_rsa(2048, 65536), BEAM_EINVAL);
    cr_assert_eq(decode_rsa(2048, 0x80000001), BEAM_EINVAL);
}

static int decode_ec(const char *group, const char *form)
{
    uint8_t *der = NULL;
    EVP_PKEY *pkey = EVP_EC_gen(group);
    cr_assert_not_null(pkey);
    if (form)
        cr_assert_eq(EVP_PKEY_set_utf8_string_param(pkey, "point-format", form), 1);
    int len = i2d_PUBKEY(pkey, &der);
    cr_assert_gt(len, 0);
    int err = decode_as(KEY_ECDSA, der, (size_t)len);
    OPENSSL_free(der);
    EVP_PKEY_free(pkey);
    return err;
}

BEAM_TEST(key, ecdsa_has_three_curves)
{
    cr_assert_eq(decode_ec("P-256", NULL), 0);
    cr_assert_eq(decode_ec("P-384", NULL), 0);
    cr_assert_eq(decode_ec("P-521", NULL), 0);
    cr_assert_eq(decode_ec("P-224", NULL), BEAM_EINVAL);
    cr_assert_eq(decode_ec("secp256k1", NULL), BEAM_EINVAL);
    cr_assert_eq(decode_ec("P-256", "compressed"), BEAM_EINVAL);
}

BEAM_TEST(key, types_are_not_mixed)
{
    struct hex rsa = hex(PEER_IDS_RSA_PUBLIC), ec = hex(PEER_IDS_ECDSA_PUBLIC),
               point = hex(PEER_IDS_SECP256K1_PUBLIC);
    cr_assert_eq(decode_as(KEY_RSA, rsa.bytes + 5, rsa.len - 5), 0);
    cr_assert_eq(decode_as(KEY_ECDSA, rsa.bytes + 5, rsa.len - 5), BEAM_EINVAL);
    cr_assert_eq(decode_as(KEY_RSA, ec.bytes + 4, ec.len - 4), BEAM_EINVAL);
    cr_assert_eq(decode_as(KEY_SECP256K1, ec.bytes + 4, ec.len - 4), BEAM_EINVAL);
    cr_assert_eq(decode_as(KEY_SECP256K1, point.bytes + 4, 33), 0);
    point.bytes[4] = 4;
    cr_assert_eq(decode_as(KEY_SECP256K1, point.bytes + 4, 33), BEAM_EINVAL);
    point.bytes[4] = 2;
    memset(point.bytes + 5, 0xff, 32);
    cr_assert_eq(decode_as(KEY_SECP256K1, point.bytes + 4, 33), BEAM_EINVAL, "not on the curve");
    uint8_t large[KEY_DATA_MAX + 1] = {0};
    cr_assert_eq(decode_as(KEY_RSA, large, sizeof(large)), BEAM_ELIMIT);
}
