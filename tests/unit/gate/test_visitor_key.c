/* SPDX-License-Identifier: BSD-3-Clause */
#include "gate/visitor_key.h"

#include <string.h>

#include <sodium.h>

#include "tests/unit/harness.h"

/* RFC 7748, section 6.1: Alice's public key, in three bases. */
static const char hex[] = "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a";
static const char base64[] = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=";
static const char base32[] = "QUQPACMJGCTVI5ELPXOLIPXXLIG36OQNEY4BV5HLUSUY5KU3JZVA";

static int parse(const char *text, uint8_t *out, struct beam_why *why)
{
    cr_assert_geq(sodium_init(), 0);
    return visitor_key_parse(text, out, why);
}

BEAM_TEST(visitor_key, is_read_in_base32)
{
    uint8_t want[VISITOR_KEY_LEN], key[VISITOR_KEY_LEN];
    char lower[VISITOR_KEY_SIZE], text[VISITOR_KEY_SIZE];
    char filed[sizeof(base32) + 32] = "descriptor:x25519:";
    struct beam_why why = {.text = ""};
    cr_assert_eq(text_hex_decode(hex, strlen(hex), want, sizeof(want)), 0);
    for (size_t i = 0; i < sizeof(lower); i++)
        lower[i] = (char)(base32[i] >= 'A' && base32[i] <= 'Z' ? base32[i] + 32 : base32[i]);
    memcpy(filed + strlen(filed), base32, sizeof(base32));
    const char *const texts[] = {base32, lower, filed};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        cr_assert_eq(parse(texts[i], key, &why), 0, "%s: %s", texts[i], why.text);
        cr_expect_arr_eq(key, want, sizeof(want));
    }
    visitor_key_text(want, text);
    cr_expect_str_eq(text, base32);
}

BEAM_TEST(visitor_key, of_another_base_is_named_as_that)
{
    static const struct {
        const char *text, *words;
    } rows[] = {
        {hex, "in hexadecimal"},
        {base64, "in base64"},
        {"", "52 letters"},
        {"QUQPACMJGCTVI5ELPXOLIPXXLIG36OQNEY4BV5HLUSUY5KU3JZVA====", "padded"},
        {"QUQPACMJGCTVI5ELPXOLIPXXLIG36OQNEY4BV5HLUSUY5KU3JZV1", "not base32"},
        {"QUQPACMJGCTVI5ELPXOLIPXXLIG36OQNEY4BV5HLUSUY5KU3JZVB", "not base32"}, /* unused bits */
        {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "is no key"},
        {"AEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "is no key"}, /* the point 1 */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t key[VISITOR_KEY_LEN] = {7};
        struct beam_why why = {.text = ""};
        cr_expect_eq(parse(rows[i].text, key, &why), BEAM_EINVAL, "%s", rows[i].text);
        cr_expect_not_null(strstr(why.text, rows[i].words), "%s: %s", rows[i].text, why.text);
        cr_expect(!rows[i].text[0] || !strstr(why.text, rows[i].text), "%s", why.text);
        cr_expect_eq(key[0], 7);
    }
}

BEAM_TEST(visitor_key, pairs_differ_and_agree)
{
    uint8_t secret[2][VISITOR_KEY_LEN], public[2][VISITOR_KEY_LEN];
    uint8_t one[VISITOR_KEY_LEN], other[VISITOR_KEY_LEN];
    cr_assert_geq(sodium_init(), 0);
    for (int i = 0; i < 2; i++)
        visitor_key_make(rng_system(), secret[i], public[i]);
    cr_expect_neq(memcmp(public[0], public[1], VISITOR_KEY_LEN), 0);
    cr_assert_eq(crypto_scalarmult(one, secret[0], public[1]), 0);
    cr_assert_eq(crypto_scalarmult(other, secret[1], public[0]), 0);
    cr_expect_arr_eq(one, other, VISITOR_KEY_LEN);
}
