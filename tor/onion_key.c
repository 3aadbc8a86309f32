/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/onion_key.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include <openssl/evp.h>
#include <sodium.h>

#include "base/file.h"
#include "base/text.h"

enum {
    SCALAR = 32,
    SECRET = ONION_SECRET_SIZE, /* the scalar and the 32 bytes that nonces are derived from */
    PUBLIC = 32,
    CHECKSUM = 2,
    VERSION = 3,
    ADDRESS_BYTES = PUBLIC + CHECKSUM + 1,
    SECRET_BASE64 = TEXT_BASE64_SIZE(SECRET) - 1
};
static_assert(TEXT_BASE32_SIZE(ADDRESS_BYTES) == ONION_ADDRESS_SIZE, "35 bytes are 56 characters");

/* A file is this, the address, a newline, the secret in base64, a newline
 * (docs/protocol/onion-key.md). */
static const char file_head[] = "beam-onion-key 1 ";
enum {
    FILE_HEAD = sizeof(file_head) - 1,
    FILE_SIZE = FILE_HEAD + ONION_ADDRESS_LEN + 1 + SECRET_BASE64 + 1
};

struct onion_key {
    uint8_t secret[SECRET];
    char address[ONION_ADDRESS_SIZE];
};

/* The first two bytes of SHA3-256(".onion checksum" | public | version), rend-spec-v3 section 6. */
static int checksum(const uint8_t *public, uint8_t *out)
{
    static const char label[] = ".onion checksum";
    uint8_t data[sizeof(label) - 1 + PUBLIC + 1], hash[EVP_MAX_MD_SIZE];
    memcpy(data, label, sizeof(label) - 1);
    memcpy(data + sizeof(label) - 1, public, PUBLIC);
    data[sizeof(data) - 1] = VERSION;
    size_t len = 0;
    if (EVP_Q_digest(NULL, "SHA3-256", NULL, data, sizeof(data), hash, &len) != 1)
        return BEAM_ENOMEM;
    memcpy(out, hash, CHECKSUM);
    return 0;
}

/* Works the address out from the secret. */
static int derive(struct onion_key *key)
{
    uint8_t raw[ADDRESS_BYTES];
    if (crypto_scalarmult_ed25519_base_noclamp(raw, key->secret) != 0)
        return BEAM_EINVAL;
    int err = checksum(raw, raw + PUBLIC);
    if (err < 0)
        return err;
    raw[PUBLIC + CHECKSUM] = VERSION;
    return text_base32_encode(raw, sizeof(raw), key->address, sizeof(key->address));
}

/* RFC 8032 section 5.1.5, step 2. */
static void clamp(uint8_t *scalar)
{
    scalar[0] &= 0xf8;
    scalar[SCALAR - 1] &= 0x7f;
    scalar[SCALAR - 1] |= 0x40;
}

static bool is_clamped(const uint8_t *scalar)
{
    return (scalar[0] & 0x07) == 0 && (scalar[SCALAR - 1] & 0xc0) == 0x40;
}

/* Works the rest out, where `err` is 0, and gives the key out; else frees it. */
static int finish(struct onion_key *key, int err, struct onion_key **out)
{
    if (err == 0)
        err = derive(key);
    if (err < 0)
        sodium_free(key);
    else
        *out = key;
    return err;
}

int onion_key_from_seed(const uint8_t seed[ONION_SEED_SIZE], struct onion_key **out)
{
    struct onion_key *key = sodium_malloc(sizeof(*key));
    if (!key)
        return BEAM_ENOMEM;
    crypto_hash_sha512(key->secret, seed, ONION_SEED_SIZE);
    clamp(key->secret);
    return finish(key, 0, out);
}

int onion_key_from_secret(const uint8_t secret[ONION_SECRET_SIZE], struct onion_key **out)
{
    struct onion_key *key = sodium_malloc(sizeof(*key));
    if (!key)
        return BEAM_ENOMEM;
    memcpy(key->secret, secret, SECRET);
    return finish(key, is_clamped(secret) ? 0 : BEAM_EINVAL, out);
}

int onion_key_new(const struct rng *rng, struct onion_key **out)
{
    uint8_t seed[ONION_SEED_SIZE];
    rng->fill(rng->arg, seed, sizeof(seed));
    int err = onion_key_from_seed(seed, out);
    sodium_memzero(seed, sizeof(seed));
    return err;
}

/* `text` of `len` bytes is a whole file. 0, BEAM_EINVAL, BEAM_ENOMEM. */
static int parse(const char *text, size_t len, struct onion_key *key)
{
    if (len != FILE_SIZE || memcmp(text, file_head, FILE_HEAD) != 0)
        return BEAM_EINVAL;
    const char *address = text + FILE_HEAD;
    const char *secret = address + ONION_ADDRESS_LEN + 1;
    if (secret[-1] != '\n' || secret[SECRET_BASE64] != '\n')
        return BEAM_EINVAL;
    size_t got = 0;
    if (text_base64_decode(secret, SECRET_BASE64, key->secret, SECRET, &got) < 0 || got != SECRET ||
        !is_clamped(key->secret))
        return BEAM_EINVAL;
    int err = derive(key);
    if (err < 0)
        return err;
    return memcmp(key->address, address, ONION_ADDRESS_LEN) == 0 ? 0 : BEAM_EINVAL;
}

static int unreadable(const char *path, int err, struct beam_why *why)
{
    switch (err) {
    case BEAM_ENOTFOUND:
        return beam_why(why, err, "onion key %s: there is no such file", path);
    case BEAM_EPERM:
        return beam_why(why, err,
                        "onion key %s: others may read it, or it is not yours or a link "
                        "(make it a file of yours and run: chmod 600 %s)",
                        path, path);
    case BEAM_EINVAL:
    case BEAM_ELIMIT:
        return beam_why(why, BEAM_EINVAL,
                        "onion key %s: not a whole onion key as this beam writes them (put a "
                        "backup back, or remove it and get another address)",
                        path);
    default:
        return beam_why(why, err, "onion key %s: %s", path, beam_err_text(err));
    }
}

int onion_key_load(const char *path, struct onion_key **out, struct beam_why *why)
{
    uint8_t *text = NULL;
    size_t len = 0;
    struct onion_key *key = NULL;
    int err = file_read_secret(path, FILE_SIZE, &text, &len);
    if (err < 0)
        goto out;
    key = sodium_malloc(sizeof(*key));
    err = key ? parse((const char *)text, len, key) : BEAM_ENOMEM;
    if (err < 0)
        goto out;
    *out = key;
    key = NULL;
out:
    sodium_free(key);
    sodium_free(text);
    return err < 0 ? unreadable(path, err, why) : 0;
}

void onion_key_free(struct onion_key *key)
{
    sodium_free(key);
}

const uint8_t *onion_key_secret(const struct onion_key *key)
{
    return key->secret;
}

const char *onion_key_address(const struct onion_key *key)
{
    return key->address;
}

char *onion_key_blob(const struct onion_key *key)
{
    static const char kind[] = "ED25519-V3:";
    enum { KIND = sizeof(kind) - 1 };
    char *blob = sodium_malloc(KIND + SECRET_BASE64 + 1);
    if (!blob)
        return NULL;
    memcpy(blob, kind, KIND);
    text_base64_encode(key->secret, SECRET, blob + KIND, SECRET_BASE64 + 1);
    return blob;
}

int onion_address_check(const char *text)
{
    size_t len = strlen(text);
    if (len == ONION_ADDRESS_LEN + strlen(".onion") &&
        strcasecmp(text + ONION_ADDRESS_LEN, ".onion") == 0)
        len = ONION_ADDRESS_LEN;
    if (len != ONION_ADDRESS_LEN)
        return BEAM_EINVAL;
    uint8_t raw[ADDRESS_BYTES], sum[CHECKSUM];
    size_t got = 0;
    if (text_base32_decode(text, len, raw, sizeof(raw), &got) < 0 || got != sizeof(raw))
        return BEAM_EINVAL;
    int err = checksum(raw, sum);
    if (err < 0)
        return err;
    if (raw[PUBLIC + CHECKSUM] != VERSION || memcmp(sum, raw + PUBLIC, CHECKSUM) != 0)
        return BEAM_EINVAL;
    return 0;
}
