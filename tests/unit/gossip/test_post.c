/* SPDX-License-Identifier: BSD-3-Clause */
#include "gossip/post.h"

#include <sodium.h>
#include <string.h>

#include "base/err.h"
#include "base/pb.h"
#include "base/text.h"
#include "tests/unit/harness.h"

/* Made with js-libp2p: "hello" of number 0 for "beam/t", by the key whose seed is 00 to 1f. */
static const char js_unsigned[] =
    "0a2600240801122003a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8120568656c6c6f"
    "1a08000000000000000122066265616d2f74";
static const char js_signature[] =
    "c300b3fc0810c3d0ef8d07f42e26f6c377ff17d100bd30e6bd13b91c8f5361a5e39b98b72d4e0d6510b83c593f53"
    "477ca5decdaa003bd3502b3a328d8c713b02";

static size_t unhex(const char *text, uint8_t *out)
{
    size_t n = 0;
    for (; text[0]; text += 2) {
        unsigned byte;
        cr_assert_eq(sscanf(text, "%2x", &byte), 1);
        out[n++] = (uint8_t)byte;
    }
    return n;
}

static struct key_pair *js_pair(struct peer_id *id)
{
    uint8_t seed[KEY_SEED_SIZE];
    struct key_pair *pair = NULL;
    struct key_public public;
    cr_assert_geq(sodium_init(), 0);
    for (uint8_t i = 0; i < sizeof(seed); i++)
        seed[i] = i;
    cr_assert_eq(key_pair_from_seed(seed, &pair), 0);
    key_pair_public(pair, &public);
    cr_assert_eq(peer_id_from_key(&public, id), 0);
    return pair;
}

/* js-libp2p's message, with more behind it; its length. */
static size_t js_post(uint8_t *out, const char *more)
{
    uint8_t sig[64];
    size_t n = unhex(js_unsigned, out);
    (void)unhex(js_signature, sig);
    out[n++] = 0x2a;
    out[n++] = 64;
    memcpy(out + n, sig, 64);
    n += 64;
    return n + unhex(more, out + n);
}

BEAM_TEST(post, is_signed_as_js_libp2p_signs)
{
    uint8_t expected[256];
    struct peer_id id;
    struct post *p = NULL;
    struct key_pair *pair = js_pair(&id);
    size_t n = js_post(expected, "");
    cr_assert_eq(post_sign(pair, &id, "beam/t", 1, "hello", 5, &p), 0);
    cr_assert_eq(p->view.len, n);
    cr_assert_arr_eq(p->view.at, expected, n);
    cr_assert_eq(post_verify(&p->view), 0);
    post_drop(p);
    key_pair_free(pair);
}

BEAM_TEST(post, a_key_beside_it_is_not_signed_but_must_be_the_author_s)
{
    uint8_t bytes[512];
    struct peer_id id;
    struct post_view v;
    struct key_pair *pair = js_pair(&id);
    size_t n = js_post(
        bytes, "32240801122003a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8");
    cr_assert_eq(post_read(bytes, n, &v), 0);
    cr_assert_eq(post_verify(&v), 0);
    bytes[n - 1] ^= 1;
    cr_assert_eq(post_read(bytes, n, &v), 0);
    cr_assert_eq(post_verify(&v), BEAM_EAUTH);
    key_pair_free(pair);
}

BEAM_TEST(post, any_change_is_found)
{
    uint8_t bytes[256];
    struct peer_id id;
    struct post_view v;
    struct key_pair *pair = js_pair(&id);
    size_t n = js_post(bytes, "");
    for (size_t i = 0; i < n; i++) {
        bytes[i] ^= 1;
        cr_assert(post_read(bytes, n, &v) < 0 || post_verify(&v) == BEAM_EAUTH, "byte %zu", i);
        bytes[i] ^= 1;
    }
    n = js_post(bytes, "7a0178"); /* a field that nobody knows is signed, too */
    cr_assert_eq(post_read(bytes, n, &v), 0);
    cr_assert_eq(post_verify(&v), BEAM_EAUTH);
    key_pair_free(pair);
}

BEAM_TEST(post, is_named_by_its_author_and_number)
{
    struct peer_id id;
    struct post *a = NULL, *b = NULL;
    struct key_pair *pair = js_pair(&id);
    cr_assert_eq(post_sign(pair, &id, "t", 0x0102030405060708, "one", 3, &a), 0);
    cr_assert_eq(post_sign(pair, &id, "u", 0x0102030405060708, "two", 3, &b), 0);
    cr_assert_eq(a->id.len, id.len + 8);
    cr_assert_arr_eq(a->id.bytes, id.bytes, id.len);
    cr_assert_arr_eq(a->id.bytes + id.len, "\1\2\3\4\5\6\7\10", 8);
    cr_assert_arr_eq(a->id.bytes, b->id.bytes, a->id.len);
    post_drop(a);
    post_drop(b);
    key_pair_free(pair);
}

BEAM_TEST(post, what_is_none_is_refused)
{
    static const char *const wrong[] = {
        "",       "0a",     "2a00",  "120568656c6c6f", /* no author, nor signature */
        "7a0178", "0a0178", "1a0178"};
    uint8_t bytes[512];
    struct post_view v;
    cr_assert_geq(sodium_init(), 0);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        size_t n = unhex(wrong[i], bytes);
        cr_assert_eq(post_read(bytes, n, &v), BEAM_EINVAL, "%s", wrong[i]);
    }
    size_t n = js_post(bytes, "120178");
    cr_assert_eq(post_read(bytes, n, &v), BEAM_EINVAL, "its data is there twice");
    n = unhex(js_unsigned, bytes);
    cr_assert_eq(post_read(bytes, n, &v), BEAM_EINVAL, "it is not signed");
    n = js_post(bytes, "");
    bytes[48] = 4; /* the length of its number */
    cr_assert_lt(post_read(bytes, n, &v), 0);
}

BEAM_TEST(post, has_a_largest_size)
{
    static uint8_t data[POST_MAX];
    struct peer_id id;
    struct post *p = NULL;
    struct post_view v;
    struct key_pair *pair = js_pair(&id);
    cr_assert_eq(post_sign(pair, &id, "t", 1, data, sizeof(data), &p), BEAM_ELIMIT);
    cr_assert_eq(post_sign(pair, &id, "", 1, data, 10, &p), BEAM_EINVAL);
    cr_assert_eq(post_sign(pair, &id, "t", 1, data, POST_MAX - 200, &p), 0);
    post_drop(p);
    cr_assert_eq(post_read(data, POST_MAX + 1, &v), BEAM_ELIMIT);
    key_pair_free(pair);
}
