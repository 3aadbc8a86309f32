/* SPDX-License-Identifier: BSD-3-Clause */
/* The section numbers are those of The Noise Protocol Framework, revision 34. */
#include "stream/noise.h"

#include <string.h>

#include <sodium.h>

#include "base/err.h"
#include "base/wire.h"

enum token { END, E, S, EE, ES, SE };
enum { MESSAGES = 3, TOKENS_MAX = 4, FAILED = MESSAGES + 1 };
enum { SEALED_KEY_SIZE = NOISE_KEY_SIZE + NOISE_TAG_SIZE };

/* 7.5, the pattern XX, and how much each message adds to its payload. */
static const enum token pattern[MESSAGES][TOKENS_MAX + 1] = {{E}, {E, EE, S, ES}, {S, SE}};
static const size_t overhead[MESSAGES] = {NOISE_KEY_SIZE,
                                          NOISE_KEY_SIZE + SEALED_KEY_SIZE + NOISE_TAG_SIZE,
                                          SEALED_KEY_SIZE + NOISE_TAG_SIZE};

struct pair {
    uint8_t secret[NOISE_KEY_SIZE], public[NOISE_KEY_SIZE];
};

struct noise {
    bool initiator;
    int step;                                       /* messages that are through, or FAILED */
    struct pair s, e;                               /* static, ephemeral */
    uint8_t rs[NOISE_KEY_SIZE], re[NOISE_KEY_SIZE]; /* the peer's */
    bool has_rs, has_k;
    uint8_t h[NOISE_HASH_SIZE], ck[NOISE_HASH_SIZE];
    uint8_t k[NOISE_KEY_SIZE];
    uint64_t n;                                              /* messages under k */
    uint8_t key_out[NOISE_KEY_SIZE], key_in[NOISE_KEY_SIZE]; /* once it is over */
};

/* ---- the symmetric state (5.1, 5.2) --------------------------------------------------------- */

static void mix_hash(struct noise *n, const void *data, size_t len)
{
    crypto_hash_sha256_state st;
    crypto_hash_sha256_init(&st);
    crypto_hash_sha256_update(&st, n->h, sizeof(n->h));
    crypto_hash_sha256_update(&st, data, len);
    crypto_hash_sha256_final(&st, n->h);
}

static void hmac(const uint8_t key[NOISE_HASH_SIZE], const void *data, size_t len, uint8_t last,
                 uint8_t out[NOISE_HASH_SIZE])
{
    crypto_auth_hmacsha256_state st;
    crypto_auth_hmacsha256_init(&st, key, NOISE_HASH_SIZE);
    crypto_auth_hmacsha256_update(&st, data, len);
    if (last)
        crypto_auth_hmacsha256_update(&st, &last, 1);
    crypto_auth_hmacsha256_final(&st, out);
    sodium_memzero(&st, sizeof(st));
}

/* 4.3: two outputs of the chaining key and the input. */
static void hkdf(const uint8_t ck[NOISE_HASH_SIZE], const void *input, size_t len,
                 uint8_t one[NOISE_HASH_SIZE], uint8_t two[NOISE_HASH_SIZE])
{
    uint8_t temp[NOISE_HASH_SIZE];
    hmac(ck, input, len, 0, temp);
    hmac(temp, NULL, 0, 1, one);
    hmac(temp, one, NOISE_HASH_SIZE, 2, two);
    sodium_memzero(temp, sizeof(temp));
}

static int mix_dh(struct noise *n, const struct pair *own, const uint8_t peer[NOISE_KEY_SIZE])
{
    uint8_t shared[NOISE_KEY_SIZE];
    if (crypto_scalarmult_curve25519(shared, own->secret, peer) != 0)
        return BEAM_EPROTO;
    hkdf(n->ck, shared, sizeof(shared), n->ck, n->k);
    sodium_memzero(shared, sizeof(shared));
    n->n = 0;
    n->has_k = true;
    return 0;
}

/* 12.3: 32 bits of zeros, then the number of the message, little-endian. */
static void next_nonce(struct noise *n, uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES])
{
    memset(nonce, 0, crypto_aead_chacha20poly1305_ietf_NPUBBYTES);
    for (int i = 0; i < 8; i++)
        nonce[4 + i] = (uint8_t)(n->n >> (8 * i));
    n->n++;
}

static void encrypt_and_hash(struct noise *n, struct wire_writer *w, const void *data, size_t len)
{
    uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
    uint8_t *at = w->at;
    size_t all = len;
    if (n->has_k) {
        next_nonce(n, nonce);
        crypto_aead_chacha20poly1305_ietf_encrypt(at, NULL, data, len, n->h, sizeof(n->h), NULL,
                                                  nonce, n->k);
        all += NOISE_TAG_SIZE;
    } else if (len > 0) {
        memcpy(at, data, len);
    }
    mix_hash(n, at, all);
    w->at += all;
}

/* `out` takes what `all` bytes of the message hold. */
static int decrypt_and_hash(struct noise *n, struct wire_reader *r, size_t all, uint8_t *out)
{
    uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
    const uint8_t *at = wire_read_bytes(r, all);
    if (!at)
        return BEAM_EPROTO;
    if (n->has_k) {
        next_nonce(n, nonce);
        if (crypto_aead_chacha20poly1305_ietf_decrypt(out, NULL, NULL, at, all, n->h, sizeof(n->h),
                                                      nonce, n->k) != 0)
            return BEAM_EPROTO;
    } else if (all > 0) {
        memcpy(out, at, all);
    }
    mix_hash(n, at, all);
    return 0;
}

/* ---- the handshake (5.3) -------------------------------------------------------------------- */

static void pair_draw(struct pair *p, const struct rng *rng)
{
    rng->fill(rng->arg, p->secret, sizeof(p->secret));
    crypto_scalarmult_curve25519_base(p->public, p->secret);
}

int noise_new(bool initiator, const void *prologue, size_t len, const struct rng *rng,
              struct noise **out)
{
    static const char name[NOISE_HASH_SIZE + 1] = "Noise_XX_25519_ChaChaPoly_SHA256";
    struct noise *n = sodium_malloc(sizeof(*n));
    if (!n)
        return BEAM_ENOMEM;
    memset(n, 0, sizeof(*n));
    n->initiator = initiator;
    memcpy(n->h, name, sizeof(n->h)); /* as long as a hash, so that it is not hashed */
    memcpy(n->ck, name, sizeof(n->ck));
    mix_hash(n, prologue, len);
    pair_draw(&n->s, rng);
    pair_draw(&n->e, rng);
    *out = n;
    return 0;
}

void noise_free(struct noise *n)
{
    sodium_free(n);
}

bool noise_is_over(const struct noise *n)
{
    return n->step == MESSAGES;
}

static bool is_our_turn(const struct noise *n)
{
    return (n->step % 2 == 0) == n->initiator;
}

bool noise_writes(const struct noise *n)
{
    return n->step < MESSAGES && is_our_turn(n);
}

/* One of ee, es and se. */
static int mix_token(struct noise *n, enum token t)
{
    if (t == EE)
        return mix_dh(n, &n->e, n->re);
    if ((t == ES) == n->initiator)
        return mix_dh(n, &n->e, n->rs);
    return mix_dh(n, &n->s, n->re);
}

/* 5.2, Split. */
static void split(struct noise *n)
{
    uint8_t *first = n->initiator ? n->key_out : n->key_in;
    uint8_t *second = n->initiator ? n->key_in : n->key_out;
    hkdf(n->ck, NULL, 0, first, second);
}

static int pass(struct noise *n, int err)
{
    n->step = err < 0 ? FAILED : n->step + 1;
    if (n->step == MESSAGES)
        split(n);
    return err;
}

static int write_token(struct noise *n, enum token t, struct wire_writer *w)
{
    switch (t) {
    case E:
        wire_write_bytes(w, n->e.public, sizeof(n->e.public));
        mix_hash(n, n->e.public, sizeof(n->e.public));
        return 0;
    case S:
        encrypt_and_hash(n, w, n->s.public, sizeof(n->s.public));
        return 0;
    default:
        return mix_token(n, t);
    }
}

int noise_write(struct noise *n, const void *payload, size_t len, void *out, size_t size,
                size_t *out_len)
{
    struct wire_writer w;
    int err = 0;
    if (!noise_writes(n))
        return BEAM_EINVAL;
    if (size > NOISE_MESSAGE_MAX)
        size = NOISE_MESSAGE_MAX;
    if (size < overhead[n->step] || size - overhead[n->step] < len)
        return BEAM_ELIMIT;
    wire_write_init(&w, out, size);
    for (const enum token *t = pattern[n->step]; *t != END && err == 0; t++)
        err = write_token(n, *t, &w);
    if (err == 0) {
        encrypt_and_hash(n, &w, payload, len);
        *out_len = (size_t)(w.at - w.start);
    }
    return pass(n, err);
}

static int read_token(struct noise *n, enum token t, struct wire_reader *r)
{
    const uint8_t *at;
    int err;
    switch (t) {
    case E:
        at = wire_read_bytes(r, sizeof(n->re));
        if (!at)
            return BEAM_EPROTO;
        memcpy(n->re, at, sizeof(n->re));
        mix_hash(n, n->re, sizeof(n->re));
        return 0;
    case S:
        err = decrypt_and_hash(n, r, SEALED_KEY_SIZE, n->rs);
        n->has_rs = err == 0;
        return err;
    default:
        return mix_token(n, t);
    }
}

int noise_read(struct noise *n, const void *message, size_t len, void *payload, size_t size,
               size_t *payload_len)
{
    struct wire_reader r;
    int err = 0;
    if (n->step >= MESSAGES || is_our_turn(n))
        return BEAM_EINVAL;
    if (len < overhead[n->step] || len > NOISE_MESSAGE_MAX)
        return pass(n, BEAM_EPROTO);
    size_t plain = len - overhead[n->step];
    if (plain > size)
        return BEAM_ELIMIT;
    wire_read_init(&r, message, len);
    for (const enum token *t = pattern[n->step]; *t != END && err == 0; t++)
        err = read_token(n, *t, &r);
    if (err == 0)
        err = decrypt_and_hash(n, &r, wire_read_left(&r), payload);
    if (err == 0)
        *payload_len = plain;
    return pass(n, err);
}

const uint8_t *noise_own_key(const struct noise *n)
{
    return n->s.public;
}

const uint8_t *noise_peer_key(const struct noise *n)
{
    return n->has_rs ? n->rs : NULL;
}

const uint8_t *noise_hash(const struct noise *n)
{
    return n->h;
}

const uint8_t *noise_send_key(const struct noise *n)
{
    return n->key_out;
}

const uint8_t *noise_receive_key(const struct noise *n)
{
    return n->key_in;
}
