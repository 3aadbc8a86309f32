/* SPDX-License-Identifier: BSD-3-Clause */
#include "identity/peer_id.h"

#include <sodium.h>
#include <string.h>

#include "base/text.h"
#include "base/wire.h"
#include "identity/multibase.h"

/* Codes of multiformats/multicodec. */
enum { CODE_IDENTITY = 0x00, CODE_CIDV1 = 0x01, CODE_SHA256 = 0x12, CODE_LIBP2P_KEY = 0x72 };

enum { INLINE_MAX = 42, HEAD = 2 };

int peer_id_from_key(const struct key_public *key, struct peer_id *out)
{
    uint8_t encoded[KEY_ENCODED_MAX];
    size_t len;
    int err = key_public_encode(key, encoded, sizeof(encoded), &len);
    if (err < 0)
        return err;
    struct peer_id id = {.bytes = {CODE_IDENTITY, (uint8_t)len}};
    if (len <= INLINE_MAX) {
        memcpy(id.bytes + HEAD, encoded, len);
        id.len = (uint8_t)(HEAD + len);
    } else {
        id.bytes[0] = CODE_SHA256;
        id.bytes[1] = crypto_hash_sha256_BYTES;
        crypto_hash_sha256(id.bytes + HEAD, encoded, len);
        id.len = HEAD + crypto_hash_sha256_BYTES;
    }
    *out = id;
    return 0;
}

int peer_id_decode(const void *data, size_t len, struct peer_id *out, struct beam_why *why)
{
    struct wire_reader r;
    struct key_public key;
    wire_read_init(&r, data, len);
    uint64_t code = wire_read_varint(&r), n = wire_read_varint(&r);
    if (r.failed || n != wire_read_left(&r))
        return beam_why(why, BEAM_EINVAL, "peer id: not a whole multihash");
    if (code == CODE_IDENTITY && n > INLINE_MAX)
        return beam_why(why, BEAM_EINVAL, "peer id: a key of %zu bytes must be hashed", (size_t)n);
    if (code == CODE_IDENTITY && key_public_decode(r.at, (size_t)n, &key) < 0)
        return beam_why(why, BEAM_EINVAL, "peer id: what it holds is not a public key");
    if (code == CODE_SHA256 && n != crypto_hash_sha256_BYTES)
        return beam_why(why, BEAM_EINVAL, "peer id: a SHA-256 hash has 32 bytes");
    if (code != CODE_IDENTITY && code != CODE_SHA256)
        return beam_why(why, BEAM_EINVAL,
                        "peer id: its hash 0x%llx is not known (identity or sha2-256)",
                        (unsigned long long)code);
    memset(out, 0, sizeof(*out));
    memcpy(out->bytes, data, len);
    out->len = (uint8_t)len;
    return 0;
}

static int parse_cid(const char *text, size_t len, struct peer_id *out, struct beam_why *why)
{
    uint8_t bytes[MULTIBASE_MAX];
    struct wire_reader r;
    size_t n;
    if (multibase_decode(text, len, bytes, sizeof(bytes), &n) < 0)
        return beam_why(why, BEAM_EINVAL,
                        "peer id: neither base58 (12D3KooW…, Qm…) nor a CID (bafz…)");
    wire_read_init(&r, bytes, n);
    uint64_t version = wire_read_varint(&r), codec = wire_read_varint(&r);
    if (r.failed || version != CODE_CIDV1)
        return beam_why(why, BEAM_EINVAL, "peer id: not a CID of version 1");
    if (codec != CODE_LIBP2P_KEY)
        return beam_why(why, BEAM_EINVAL, "peer id: a CID of codec 0x%llx (libp2p-key is 0x72)",
                        (unsigned long long)codec);
    return peer_id_decode(r.at, wire_read_left(&r), out, why);
}

int peer_id_parse(const char *text, size_t len, struct peer_id *out, struct beam_why *why)
{
    uint8_t bytes[PEER_ID_MAX];
    size_t n;
    if (len == 0)
        return beam_why(why, BEAM_EINVAL, "peer id: empty");
    if (text[0] != '1' && (len < 2 || memcmp(text, "Qm", 2) != 0))
        return parse_cid(text, len, out, why);
    if (text_base58_decode(text, len, bytes, sizeof(bytes), &n) < 0)
        return beam_why(why, BEAM_EINVAL, "peer id: not base58, or too long");
    return peer_id_decode(bytes, n, out, why);
}

void peer_id_text(const struct peer_id *id, char out[PEER_ID_TEXT_SIZE])
{
    if (text_base58_encode(id->bytes, id->len, out, PEER_ID_TEXT_SIZE) < 0)
        out[0] = '\0';
}

int peer_id_compare(const struct peer_id *a, const struct peer_id *b)
{
    size_t n = a->len < b->len ? a->len : b->len;
    int order = memcmp(a->bytes, b->bytes, n);
    return order ? order : (int)a->len - (int)b->len;
}

bool peer_id_equal(const struct peer_id *a, const struct peer_id *b)
{
    return peer_id_compare(a, b) == 0;
}

int peer_id_key(const struct peer_id *id, struct key_public *out)
{
    if (id->len <= HEAD || id->bytes[0] != CODE_IDENTITY)
        return BEAM_ENOTFOUND;
    return key_public_decode(id->bytes + HEAD, id->len - (size_t)HEAD, out);
}

bool peer_id_is_of(const struct peer_id *id, const struct key_public *key)
{
    struct peer_id own;
    return peer_id_from_key(key, &own) == 0 && peer_id_equal(id, &own);
}
