/* SPDX-License-Identifier: BSD-3-Clause */
#include "identity/foreign_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <string.h>

#include "base/err.h"

enum { POINT_COMPRESSED = 33, RSA_EXPONENT_BITS = 31 };

/* A compressed point of secp256k1 (SEC 1, section 2.3.3); one that is not on the curve fails. */
static EVP_PKEY *load_secp256k1(const uint8_t *key, size_t len)
{
    char group[] = "secp256k1";
    uint8_t point[POINT_COMPRESSED];
    EVP_PKEY *pkey = NULL;
    if (len != sizeof(point) || (key[0] != 2 && key[0] != 3))
        return NULL;
    memcpy(point, key, sizeof(point));
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    if (ctx && (EVP_PKEY_fromdata_init(ctx) != 1 ||
                EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1))
        pkey = NULL;
    EVP_PKEY_CTX_free(ctx);
    return pkey;
}

/* A SubjectPublicKeyInfo (RFC 5280, section 4.1) in DER, all of it, and as it would be written. */
static EVP_PKEY *load_der(int type, const uint8_t *key, size_t len)
{
    const uint8_t *at = key;
    uint8_t *again = NULL;
    EVP_PKEY *pkey = d2i_PUBKEY(NULL, &at, (long)len);
    int n = pkey ? i2d_PUBKEY(pkey, &again) : -1;
    bool same = n >= 0 && (size_t)n == len && memcmp(again, key, len) == 0;
    OPENSSL_free(again);
    if (same && EVP_PKEY_get_base_id(pkey) == type)
        return pkey;
    EVP_PKEY_free(pkey);
    return NULL;
}

static EVP_PKEY *load(enum key_type type, const uint8_t *key, size_t len)
{
    switch (type) {
    case KEY_RSA:
        return load_der(EVP_PKEY_RSA, key, len);
    case KEY_SECP256K1:
        return load_secp256k1(key, len);
    case KEY_ECDSA:
        return load_der(EVP_PKEY_EC, key, len);
    default:
        return NULL;
    }
}

/* The exponent has a ceiling because the time that a verification takes grows with it. */
static int check_rsa(const EVP_PKEY *pkey)
{
    int bits = EVP_PKEY_get_bits(pkey);
    BIGNUM *e = NULL;
    if (bits < FOREIGN_RSA_BITS_MIN || bits > FOREIGN_RSA_BITS_MAX)
        return BEAM_ELIMIT;
    if (EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) != 1)
        return BEAM_ENOMEM;
    bool good = BN_is_odd(e) && !BN_is_one(e) && BN_num_bits(e) <= RSA_EXPONENT_BITS;
    BN_free(e);
    return good ? 0 : BEAM_EINVAL;
}

/* The curve is named and the point not compressed: each of the three then has one length. */
static int check_ecdsa(const EVP_PKEY *pkey, size_t len)
{
    static const struct {
        const char *group;
        size_t len;
    } curves[] = {{"prime256v1", 91}, {"secp384r1", 120}, {"secp521r1", 158}};
    char group[32];
    size_t n;
    if (EVP_PKEY_get_group_name(pkey, group, sizeof(group), &n) != 1)
        return BEAM_EINVAL;
    for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
        if (strcmp(group, curves[i].group) == 0 && len == curves[i].len)
            return 0;
    return BEAM_EINVAL;
}

int foreign_key_check(enum key_type type, const uint8_t *key, size_t len)
{
    int err = 0;
    EVP_PKEY *pkey = load(type, key, len);
    if (!pkey)
        err = BEAM_EINVAL;
    else if (type == KEY_RSA)
        err = check_rsa(pkey);
    else if (type == KEY_ECDSA)
        err = check_ecdsa(pkey, len);
    EVP_PKEY_free(pkey);
    ERR_clear_error(); /* what OpenSSL queued for this thread is said by err */
    return err;
}

int foreign_key_verify(enum key_type type, const uint8_t *key, size_t key_len, const void *data,
                       size_t len, const void *sig, size_t sig_len)
{
    int err = BEAM_ENOMEM;
    EVP_PKEY *pkey = load(type, key, key_len);
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    if (!pkey || !md || EVP_DigestVerifyInit_ex(md, NULL, "SHA256", NULL, NULL, pkey, NULL) != 1)
        goto out;
    /* RSA's padding is PKCS#1 v1.5 where none was chosen. */
    err = EVP_DigestVerify(md, sig, sig_len, data, len) == 1 ? 0 : BEAM_EAUTH;
out:
    EVP_MD_CTX_free(md);
    EVP_PKEY_free(pkey);
    ERR_clear_error();
    return err;
}
