/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/record.h"

#include <openssl/evp.h>
#include <sodium.h>
#include <stdlib.h>

#include "base/err.h"

enum { NONCE_SIZE = 12, PIECES_MAX = 64, PIECE_BYTES = 16 * 1024, GRAIN = 512 };

struct record {
    EVP_CIPHER_CTX *cipher;
    uint64_t number; /* of the next record */
    size_t at;       /* bytes of this one that went through the cipher */
};

int record_new(const uint8_t key[NOISE_KEY_SIZE], bool seals, struct record **out)
{
    struct record *r = calloc(1, sizeof(*r));
    if (!r)
        return BEAM_ENOMEM;
    r->cipher = EVP_CIPHER_CTX_new();
    if (!r->cipher ||
        EVP_CipherInit_ex(r->cipher, EVP_chacha20_poly1305(), NULL, key, NULL, seals) != 1) {
        record_free(r);
        return BEAM_ENOMEM;
    }
    *out = r;
    return 0;
}

void record_free(struct record *r)
{
    if (!r)
        return;
    EVP_CIPHER_CTX_free(r->cipher);
    free(r);
}

/* Noise, 12.3: 32 bits of zeros, then the number of the record, little-endian. */
static int start(struct record *r)
{
    uint8_t nonce[NONCE_SIZE] = {0};
    if (r->number == UINT64_MAX)
        return BEAM_EPROTO;
    for (int i = 0; i < 8; i++)
        nonce[NONCE_SIZE - 8 + i] = (uint8_t)(r->number >> (8 * i));
    r->number++;
    r->at = 0;
    return EVP_CipherInit_ex(r->cipher, NULL, NULL, NULL, nonce, -1) == 1 ? 0 : BEAM_ENOMEM;
}

/*
 * How much of `len` bytes goes through the cipher at a time. OpenSSL goes over them twice, to
 * cipher them and to sum them up: no more than the nearest cache holds. And it works on many blocks
 * at once as long as none is cut in two: where bytes lie in odd pieces, a short step leads back to
 * a round place in the record, and all others end on one. That is a fifth of the cipher's time.
 */
static size_t step(const struct record *r, size_t len)
{
    size_t odd = r->at % GRAIN;
    if (odd > 0)
        return len < GRAIN - odd ? len : GRAIN - odd;
    if (len > PIECE_BYTES)
        return PIECE_BYTES;
    return len > GRAIN ? len - len % GRAIN : len;
}

static int transform_piece(struct record *r, uint8_t *at, size_t len)
{
    while (len > 0) {
        int done;
        size_t n = step(r, len);
        if (EVP_CipherUpdate(r->cipher, at, &done, at, (int)n) != 1)
            return BEAM_ENOMEM;
        r->at += n;
        at += n;
        len -= n;
    }
    return 0;
}

/* The first `len` bytes of these pieces, where they lie. */
static int transform(struct record *r, const struct iovec *iov, size_t len)
{
    for (; len > 0; iov++) {
        size_t n = iov->iov_len < len ? iov->iov_len : len;
        int err = transform_piece(r, iov->iov_base, n);
        if (err < 0)
            return err;
        len -= n;
    }
    return 0;
}

static int finish(struct record *r)
{
    uint8_t none[NOISE_TAG_SIZE];
    int len;
    return EVP_CipherFinal_ex(r->cipher, none, &len) == 1 ? 0 : BEAM_EPROTO;
}

static int tag(struct record *r, int what, uint8_t at[NOISE_TAG_SIZE])
{
    return EVP_CIPHER_CTX_ctrl(r->cipher, what, NOISE_TAG_SIZE, at) == 1 ? 0 : BEAM_ENOMEM;
}

/* ---- sealing -------------------------------------------------------------------------------- */

static int seal(struct record *r, const struct iovec *iov, size_t len, uint8_t out[NOISE_TAG_SIZE])
{
    int err = start(r);
    if (err == 0)
        err = transform(r, iov, len);
    if (err == 0 && finish(r) < 0)
        err = BEAM_ENOMEM;
    return err < 0 ? err : tag(r, EVP_CTRL_AEAD_GET_TAG, out);
}

ssize_t record_seal(struct record *r, struct buf *from, struct buf *out)
{
    struct iovec iov[PIECES_MAX];
    uint8_t head[RECORD_HEAD_SIZE], end[NOISE_TAG_SIZE];
    size_t len = 0;
    int pieces = buf_iov(from, iov, PIECES_MAX);
    for (int i = 0; i < pieces && len <= RECORD_PLAIN_MAX; i++)
        len += iov[i].iov_len;
    if (len > RECORD_PLAIN_MAX)
        len = RECORD_PLAIN_BULK;
    if (len == 0)
        return BEAM_EINVAL;
    if (buf_room(out) < RECORD_MAX)
        return BEAM_ELIMIT;
    head[0] = (uint8_t)((len + NOISE_TAG_SIZE) >> 8);
    head[1] = (uint8_t)(len + NOISE_TAG_SIZE);
    int err = seal(r, iov, len, end);
    if (err == 0)
        err = buf_add(out, head, sizeof(head));
    if (err == 0)
        err = buf_move(out, from, len);
    if (err == 0)
        err = buf_add(out, end, sizeof(end));
    return err < 0 ? err : (ssize_t)len;
}

/* ---- opening -------------------------------------------------------------------------------- */

/* A record may lie in more pieces than fit on the stack: it is opened a few at a time, each of
 * which is handed on once it is plain. */
static int open_pieces(struct record *r, struct buf *in, size_t len, struct buf *plain)
{
    struct iovec iov[PIECES_MAX];
    while (len > 0) {
        size_t n = 0;
        int pieces = buf_iov(in, iov, PIECES_MAX);
        for (int i = 0; i < pieces && n < len; i++)
            n += iov[i].iov_len;
        if (n > len)
            n = len;
        int err = transform(r, iov, n);
        if (err == 0)
            err = buf_move(plain, in, n);
        if (err < 0)
            return err;
        len -= n;
    }
    return 0;
}

static int open_body(struct record *r, struct buf *in, size_t len, struct buf *out)
{
    uint8_t end[NOISE_TAG_SIZE];
    struct buf plain; /* not authentic yet */
    buf_init(&plain, buf_pool(in), RECORD_PLAIN_MAX);
    int err = start(r);
    if (err == 0)
        err = open_pieces(r, in, len, &plain);
    if (err == 0) {
        buf_peek(in, 0, end, sizeof(end));
        buf_drain(in, sizeof(end));
        err = tag(r, EVP_CTRL_AEAD_SET_TAG, end);
    }
    if (err == 0)
        err = finish(r);
    if (err == 0)
        err = buf_move(out, &plain, len);
    buf_clear(&plain);
    return err;
}

ssize_t record_open(struct record *r, struct buf *in, struct buf *out)
{
    uint8_t head[RECORD_HEAD_SIZE];
    if (buf_peek(in, 0, head, sizeof(head)) < sizeof(head))
        return BEAM_EAGAIN;
    size_t len = (size_t)head[0] << 8 | head[1];
    if (len < NOISE_TAG_SIZE)
        return BEAM_EPROTO;
    if (buf_len(in) < RECORD_HEAD_SIZE + len)
        return BEAM_EAGAIN;
    len -= NOISE_TAG_SIZE;
    if (buf_room(out) < len)
        return BEAM_ELIMIT;
    buf_drain(in, RECORD_HEAD_SIZE);
    int err = open_body(r, in, len, out);
    return err < 0 ? err : (ssize_t)len;
}
