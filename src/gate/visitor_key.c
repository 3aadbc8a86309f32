/* SPDX-License-Identifier: BSD-3-Clause */
#include "gate/visitor_key.h"

#include <ctype.h>
#include <string.h>

#include <sodium.h>

enum { BASE32_LEN = VISITOR_KEY_SIZE - 1, HEX_LEN = 64, BASE64_LEN = 43 };

static const char prefix[] = "descriptor:x25519:";

void visitor_key_make(const struct rng *rng, uint8_t *secret, uint8_t *public)
{
    do
        rng->fill(rng->arg, secret, VISITOR_KEY_LEN);
    while (crypto_scalarmult_base(public, secret) != 0);
}

void visitor_key_text(const uint8_t *key, char *out)
{
    (void)text_base32_encode(key, VISITOR_KEY_LEN, out, VISITOR_KEY_SIZE);
    for (char *c = out; *c; c++)
        *c = (char)toupper((unsigned char)*c);
}

/* One with which every secret gives the same: whoever knows that could enter without any. */
static bool is_weak(const uint8_t *key)
{
    static const uint8_t any[VISITOR_KEY_LEN] = {1};
    uint8_t shared[VISITOR_KEY_LEN];
    return crypto_scalarmult(shared, any, key) != 0;
}

static const char *what_is_wrong(const char *text, size_t len)
{
    uint8_t key[2 * VISITOR_KEY_LEN];
    size_t n = 0;
    if (len == HEX_LEN && text_hex_decode(text, len, key, VISITOR_KEY_LEN) == 0)
        return "in hexadecimal: it must be in base32, 52 letters and digits (beam and tor's tools "
               "print it so)";
    if ((len == BASE64_LEN || len == BASE64_LEN + 1) &&
        text_base64_decode(text, len, key, sizeof(key), &n) == 0 && n == VISITOR_KEY_LEN)
        return "in base64: it must be in base32, 52 letters and digits (decode it, then encode the "
               "32 bytes: base64 -d | base32)";
    if (len >= BASE32_LEN + 1 && text[BASE32_LEN] == '=')
        return "padded with =: leave that away";
    if (len != BASE32_LEN)
        return "not of 52 letters and digits (an x25519 public key in base32)";
    return "not base32, whose digits are 2 to 7 (an x25519 public key of 52 letters and digits)";
}

int visitor_key_parse(const char *text, uint8_t *out, struct beam_why *why)
{
    uint8_t key[VISITOR_KEY_LEN];
    size_t n = 0;
    if (strncmp(text, prefix, sizeof(prefix) - 1) == 0)
        text += sizeof(prefix) - 1;
    size_t len = strlen(text);
    if (len != BASE32_LEN || text_base32_decode(text, len, key, sizeof(key), &n) < 0 ||
        n != sizeof(key))
        return beam_why(why, BEAM_EINVAL, "the key is %s", what_is_wrong(text, len));
    if (is_weak(key))
        return beam_why(why, BEAM_EINVAL,
                        "the key is no key: with it anybody could enter (have a new pair made)");
    memcpy(out, key, sizeof(key));
    return 0;
}
