/* SPDX-License-Identifier: BSD-3-Clause */
#include "identity/peer_id.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "identity/multibase.h"
#include "tests/unit/harness.h"
#include "tests/unit/identity/hex.h"
#include "tests/vectors/libp2p.h"
#include "tests/vectors/peer_ids.h"

static int parse(const char *text, struct peer_id *out)
{
    return peer_id_parse(text, strlen(text), out, NULL);
}

BEAM_TEST(peer_id, as_js_libp2p_has_it)
{
    struct hex public = hex(LIBP2P_PUBLIC), bytes = hex(LIBP2P_PEER_ID);
    struct key_public key, again;
    struct peer_id id, other;
    char text[PEER_ID_TEXT_SIZE];
    cr_assert_eq(key_public_decode(public.bytes, public.len, &key), 0);
    cr_assert_eq(peer_id_from_key(&key, &id), 0);
    cr_assert_eq(id.len, bytes.len);
    cr_assert_eq(memcmp(id.bytes, bytes.bytes, bytes.len), 0);
    peer_id_text(&id, text);
    cr_assert_str_eq(text, LIBP2P_PEER_ID_BASE58);
    cr_assert_eq(parse(LIBP2P_PEER_ID_BASE58, &other), 0);
    cr_assert(peer_id_equal(&id, &other));
    cr_assert_eq(parse(LIBP2P_PEER_ID_CID, &other), 0);
    cr_assert(peer_id_equal(&id, &other));
    cr_assert_eq(peer_id_key(&other, &again), 0);
    cr_assert(again.len == key.len && memcmp(again.data, key.data, key.len) == 0);
    cr_assert(peer_id_is_of(&other, &key));
    key.data[0] ^= 1;
    cr_assert_not(peer_id_is_of(&other, &key));
}

BEAM_TEST(peer_id, of_a_long_key_is_a_hash)
{
    static struct key_public key, none;
    struct hex rsa = hex(PEER_IDS_RSA_PUBLIC), point = hex(PEER_IDS_SECP256K1_PUBLIC);
    struct peer_id id, again;
    char text[PEER_ID_TEXT_SIZE];
    cr_assert_eq(key_public_decode(rsa.bytes, rsa.len, &key), 0);
    cr_assert_eq(peer_id_from_key(&key, &id), 0);
    cr_assert_eq(id.len, 34);
    peer_id_text(&id, text);
    cr_assert_eq(strncmp(text, "Qm", 2), 0);
    cr_assert_eq(parse(text, &again), 0);
    cr_assert(peer_id_equal(&id, &again));
    cr_assert_eq(peer_id_key(&id, &none), BEAM_ENOTFOUND);
    cr_assert(peer_id_is_of(&id, &key));

    cr_assert_eq(key_public_decode(point.bytes, point.len, &key), 0);
    cr_assert_eq(peer_id_from_key(&key, &id), 0);
    cr_assert_eq(id.len, 2 + 37, "secp256k1 is short enough");
}

BEAM_TEST(peer_id, examples_of_the_specification)
{
    struct peer_id a, b;
    char text[PEER_ID_TEXT_SIZE];
    cr_assert_eq(parse(PEER_IDS_CID, &a), 0);
    cr_assert_eq(parse(PEER_IDS_CID_BASE58, &b), 0);
    cr_assert(peer_id_equal(&a, &b));
    peer_id_text(&a, text);
    cr_assert_str_eq(text, PEER_IDS_CID_BASE58);
    cr_assert_eq(parse(PEER_IDS_INLINE, &b), 0);
    peer_id_text(&b, text);
    cr_assert_str_eq(text, PEER_IDS_INLINE);
    cr_assert(peer_id_compare(&a, &b) > 0 && peer_id_compare(&b, &a) < 0);
    cr_assert_eq(peer_id_compare(&a, &a), 0);
}

/* Where letters of either kind mean the same, so does the one that names the base. */
BEAM_TEST(peer_id, in_capitals)
{
    static const char *const texts[] = {
        LIBP2P_PEER_ID_CID, "k51qzi5uqu5dg9ufswxt229ntzdy7p4125xzv5rtyjso89ajdujg6csfxcj260",
        ("f0172" LIBP2P_PEER_ID)};
    struct peer_id id, other;
    cr_assert_eq(parse(LIBP2P_PEER_ID_BASE58, &id), 0);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char text[160];
        snprintf(text, sizeof(text), "%s", texts[i]);
        cr_expect(parse(text, &other) == 0 && peer_id_equal(&id, &other), "%s", text);
        for (char *at = text; *at; at++)
            *at = (char)toupper((unsigned char)*at);
        cr_expect(parse(text, &other) == 0 && peer_id_equal(&id, &other), "%s", text);
    }
}

BEAM_TEST(peer_id, in_every_base)
{
    struct hex bytes = hex(LIBP2P_PEER_ID);
    uint8_t cid[64] = {1, 0x72};
    char text[160];
    struct peer_id id, other;
    cr_assert_eq(peer_id_decode(bytes.bytes, bytes.len, &id, NULL), 0);
    memcpy(cid + 2, bytes.bytes, bytes.len);
    size_t n = bytes.len + 2;

    cr_assert_eq(multibase_encode(cid, n, text, sizeof(text)), 0);
    cr_assert(text[0] == 'u' && parse(text, &other) == 0 && peer_id_equal(&id, &other));
    text[0] = 'z';
    cr_assert_eq(text_base58_encode(cid, n, text + 1, sizeof(text) - 1), 0);
    cr_assert(parse(text, &other) == 0 && peer_id_equal(&id, &other));
    text[0] = 'f';
    cr_assert_eq(text_hex_encode(cid, n, text + 1, sizeof(text) - 1), 0);
    cr_assert(parse(text, &other) == 0 && peer_id_equal(&id, &other));

    cid[1] = 0x70;
    cr_assert_eq(text_hex_encode(cid, n, text + 1, sizeof(text) - 1), 0);
    cr_assert_eq(parse(text, &other), BEAM_EINVAL, "the codec of a file");
    cid[0] = 2, cid[1] = 0x72;
    cr_assert_eq(text_hex_encode(cid, n, text + 1, sizeof(text) - 1), 0);
    cr_assert_eq(parse(text, &other), BEAM_EINVAL, "the version");
}

BEAM_TEST(peer_id, refuses_other_text)
{
    static const char *const bad[] = {
        "",
        "1",
        "Qm",
        "Q",
        "12D3KooW",
        "bafz",
        "b",
        "z",
        "hello",
        "f01720",
        "12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeS",   /* a character short */
        "12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeSBB", /* and one too many */
        "12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeS0",
        "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5",
    };
    struct peer_id id;
    struct beam_why why;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        why.text[0] = '\0';
        cr_assert_eq(peer_id_parse(bad[i], strlen(bad[i]), &id, &why), BEAM_EINVAL, "%s", bad[i]);
        cr_assert_eq(strncmp(why.text, "peer id: ", 9), 0, "%s", bad[i]);
    }
    static char large[1 << 20];
    memset(large, 'Q', sizeof(large));
    large[1] = 'm';
    cr_assert_eq(peer_id_parse(large, sizeof(large), &id, NULL), BEAM_EINVAL);
    large[0] = 'b';
    cr_assert_eq(peer_id_parse(large, sizeof(large), &id, NULL), BEAM_EINVAL);
}

BEAM_TEST(peer_id, refuses_other_bytes)
{
    struct hex good = hex(LIBP2P_PEER_ID), bytes = good;
    struct peer_id id;
    for (size_t n = 0; n < good.len; n++)
        cr_assert_eq(peer_id_decode(good.bytes, n, &id, NULL), BEAM_EINVAL);
    cr_assert_eq(peer_id_decode(good.bytes, good.len + 1, &id, NULL), BEAM_EINVAL);
    bytes.bytes[2] = 0x10;
    cr_assert_eq(peer_id_decode(bytes.bytes, bytes.len, &id, NULL), BEAM_EINVAL, "not a key");
    uint8_t hash[35] = {0x12, 0x20};
    cr_assert_eq(peer_id_decode(hash, 34, &id, NULL), 0);
    hash[1] = 0x21;
    cr_assert_eq(peer_id_decode(hash, 35, &id, NULL), BEAM_EINVAL, "33 bytes of hash");
    hash[0] = 0x13, hash[1] = 0x20;
    cr_assert_eq(peer_id_decode(hash, 34, &id, NULL), BEAM_EINVAL, "sha2-512");
    uint8_t large[45] = {0x00, 0x2b, 0x08, 0x01, 0x12, 0x27};
    cr_assert_eq(peer_id_decode(large, sizeof(large), &id, NULL), BEAM_EINVAL, "43 bytes of key");
}
