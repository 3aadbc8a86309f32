/* SPDX-License-Identifier: BSD-3-Clause */
#include "identity/seal.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "base/err.h"
#include "base/wire.h"

static const uint8_t magic[8] = "BEAMKEYS";

enum {
    VERSION = 1,
    NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG = crypto_aead_xchacha20poly1305_ietf_ABYTES
};
static_assert((int)SEAL_KEY_SIZE == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "of the cipher");
static_assert((int)SEAL_SALT_SIZE == crypto_pwhash_argon2id_SALTBYTES, "of Argon2id");
static_assert((int)SEAL_OVERHEAD == SEAL_HEAD_SIZE + TAG, "of the file");
static_assert((int)SEAL_MEMORY_MIN == crypto_pwhash_argon2id_MEMLIMIT_MIN / 1024, "of libsodium");

void seal_init_passphrase(struct seal *s, const struct rng *rng)
{
    *s = (struct seal){.by = SEAL_BY_PASSPHRASE, .passes = SEAL_PASSES, .memory = SEAL_MEMORY};
    rng->fill(rng->arg, s->salt, sizeof(s->salt));
}

void seal_init_key(struct seal *s)
{
    *s = (struct seal){.by = SEAL_BY_KEY};
}

/* Whether Argon2id is asked for no more than it is granted. */
static int check(const struct seal *s)
{
    static const uint8_t none[SEAL_SALT_SIZE];
    if (s->by == SEAL_BY_KEY)
        return s->passes || s->memory || memcmp(s->salt, none, sizeof(none)) ? BEAM_EINVAL : 0;
    if (s->by != SEAL_BY_PASSPHRASE)
        return BEAM_EINVAL;
    if (s->passes < 1 || s->passes > SEAL_PASSES_MAX || s->memory < SEAL_MEMORY_MIN ||
        s->memory > SEAL_MEMORY_MAX)
        return BEAM_ELIMIT;
    return 0;
}

int seal_key(const struct seal *s, const char *passphrase, size_t len, uint8_t out[SEAL_KEY_SIZE])
{
    if (s->by != SEAL_BY_PASSPHRASE || check(s) < 0 || len > SEAL_PASSPHRASE_MAX)
        return BEAM_ELIMIT;
    if (crypto_pwhash_argon2id(out, SEAL_KEY_SIZE, passphrase, len, s->salt, s->passes,
                               (size_t)s->memory * 1024,
                               crypto_pwhash_argon2id_ALG_ARGON2ID13) != 0)
        return BEAM_ENOMEM;
    return 0;
}

static void write_head(const struct seal *s, const uint8_t *nonce, size_t sealed, uint8_t *out)
{
    struct wire_writer w;
    wire_write_init(&w, out, SEAL_HEAD_SIZE);
    wire_write_bytes(&w, magic, sizeof(magic));
    wire_write_u8(&w, VERSION);
    wire_write_u8(&w, (uint8_t)s->by);
    wire_write_be16(&w, 0);
    wire_write_be32(&w, s->passes);
    wire_write_be32(&w, s->memory);
    wire_write_bytes(&w, s->salt, sizeof(s->salt));
    wire_write_bytes(&w, nonce, NONCE);
    wire_write_be32(&w, (uint32_t)sealed);
}

int seal_close(const struct seal *s, const uint8_t key[SEAL_KEY_SIZE], const struct rng *rng,
               const void *data, size_t len, void *out, size_t size)
{
    uint8_t nonce[NONCE], *at = out;
    if (len > UINT32_MAX - SEAL_OVERHEAD || len + SEAL_OVERHEAD > size)
        return BEAM_ELIMIT;
    rng->fill(rng->arg, nonce, sizeof(nonce));
    write_head(s, nonce, len + TAG, at);
    crypto_aead_xchacha20poly1305_ietf_encrypt(at + SEAL_HEAD_SIZE, NULL, data, len, at,
                                               SEAL_HEAD_SIZE, NULL, nonce, key);
    return 0;
}

/* The nonce too, which is borrowed from the file. */
static int read_head(const uint8_t *file, size_t len, struct seal *out, const uint8_t **nonce)
{
    struct wire_reader r;
    struct seal s = {0};
    wire_read_init(&r, file, len);
    const uint8_t *name = wire_read_bytes(&r, sizeof(magic));
    if (!name || memcmp(name, magic, sizeof(magic)) != 0)
        return BEAM_EINVAL;
    uint8_t version = wire_read_u8(&r);
    if (!r.failed && version != VERSION)
        return BEAM_EPROTO;
    s.by = wire_read_u8(&r);
    uint16_t zero = wire_read_be16(&r);
    s.passes = wire_read_be32(&r);
    s.memory = wire_read_be32(&r);
    const uint8_t *salt = wire_read_bytes(&r, sizeof(s.salt));
    const uint8_t *at = wire_read_bytes(&r, NONCE);
    uint32_t sealed = wire_read_be32(&r);
    if (r.failed || zero != 0 || sealed < TAG || sealed != wire_read_left(&r))
        return BEAM_EINVAL;
    memcpy(s.salt, salt, sizeof(s.salt));
    int err = check(&s);
    if (err < 0)
        return err;
    *out = s;
    *nonce = at;
    return 0;
}

int seal_read(const void *file, size_t len, struct seal *out)
{
    const uint8_t *nonce;
    return read_head(file, len, out, &nonce);
}

int seal_open(const void *file, size_t len, const uint8_t key[SEAL_KEY_SIZE], void *out,
              size_t size)
{
    struct seal s;
    const uint8_t *at = file, *nonce;
    int err = read_head(at, len, &s, &nonce);
    if (err < 0)
        return err;
    if (len - SEAL_OVERHEAD > size)
        return BEAM_ELIMIT;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, at + SEAL_HEAD_SIZE,
                                                   len - SEAL_HEAD_SIZE, at, SEAL_HEAD_SIZE, nonce,
                                                   key) != 0) {
        sodium_memzero(out, len - SEAL_OVERHEAD);
        return BEAM_EAUTH;
    }
    return 0;
}
