/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "tests/unit/harness.h"
#include "tests/unit/seed.h"

BEAM_TEST(text, hex)
{
    static const uint8_t bytes[] = {0x00, 0x0f, 0xa5, 0xff};
    char out[9] = "";
    uint8_t back[4] = {0};
    cr_assert_eq(text_hex_encode(bytes, 4, out, sizeof(out)), 0);
    cr_assert_str_eq(out, "000fa5ff");
    cr_assert_eq(text_hex_encode(bytes, 4, out, 8), BEAM_ELIMIT);
    cr_assert_eq(text_hex_encode(bytes, 0, out, 1), 0);
    cr_assert_str_eq(out, "");
    cr_assert_eq(text_hex_encode(bytes, 0, out, 0), BEAM_ELIMIT);
    cr_assert_eq(TEXT_HEX_SIZE(4), 9);

    cr_assert_eq(text_hex_decode("000Fa5fF", 8, back, 4), 0);
    cr_assert_eq(memcmp(back, bytes, 4), 0);
    cr_assert_eq(text_hex_decode("", 0, back, 0), 0);
    static const char *const bad[] = {"000fa5f",  "000fa5ff0", "000fa5f ", "000fa5fg",
                                      "000fa5f/", "000fa5f:",  "000fa5f@", "000fa5f`"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        uint8_t kept[4] = {1, 2, 3, 4};
        cr_assert_eq(text_hex_decode(bad[i], strlen(bad[i]), kept, 4), BEAM_EINVAL, "%s", bad[i]);
        cr_assert_eq(memcmp(kept, (uint8_t[]){1, 2, 3, 4}, 4), 0);
    }
}

/* RFC 4648, section 10. */
static const struct {
    const char *plain, *base32, *base64;
} rfc4648[] = {
    {"", "", ""},
    {"f", "my", "Zg=="},
    {"fo", "mzxq", "Zm8="},
    {"foo", "mzxw6", "Zm9v"},
    {"foob", "mzxw6yq", "Zm9vYg=="},
    {"fooba", "mzxw6ytb", "Zm9vYmE="},
    {"foobar", "mzxw6ytboi", "Zm9vYmFy"},
};

BEAM_TEST(text, base32_vectors)
{
    for (size_t i = 0; i < sizeof(rfc4648) / sizeof(rfc4648[0]); i++) {
        const char *plain = rfc4648[i].plain, *text = rfc4648[i].base32;
        char out[32];
        uint8_t back[16];
        size_t len = 99;
        cr_assert_eq(text_base32_encode(plain, strlen(plain), out, strlen(text) + 1), 0);
        cr_assert_str_eq(out, text);
        cr_assert_eq(TEXT_BASE32_SIZE(strlen(plain)), strlen(text) + 1);
        cr_assert_eq(text_base32_encode(plain, strlen(plain), out, strlen(text)), BEAM_ELIMIT);
        cr_assert_eq(text_base32_decode(text, strlen(text), back, strlen(plain), &len), 0);
        cr_assert_eq(len, strlen(plain));
        cr_assert_eq(memcmp(back, plain, len), 0);
        if (len > 0)
            cr_assert_eq(text_base32_decode(text, strlen(text), back, len - 1, &len), BEAM_ELIMIT);
    }
    uint8_t back[5];
    size_t len;
    cr_assert_eq(text_base32_decode("MzXw6YtB", 8, back, 5, &len), 0);
    cr_assert_eq(memcmp(back, "fooba", 5), 0);
}

BEAM_TEST(text, base32_refuses_what_is_not_canonical)
{
    static const char *const bad[] = {"m",  "mz=", "mzx", "mzxw6y", "mz",      "mzxr", "my==",
                                      "m1", "m0",  "m8",  "m y",    "mzxw6yr", "my\n", "mzxw7"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        uint8_t kept[8] = {7};
        size_t len = 99;
        cr_assert_eq(text_base32_decode(bad[i], strlen(bad[i]), kept, 8, &len), BEAM_EINVAL, "%s",
                     bad[i]);
        cr_assert(len == 99 && kept[0] == 7);
    }
}

BEAM_TEST(text, base64_vectors)
{
    for (size_t i = 0; i < sizeof(rfc4648) / sizeof(rfc4648[0]); i++) {
        const char *plain = rfc4648[i].plain, *text = rfc4648[i].base64;
        char out[32];
        uint8_t back[16];
        size_t len = 99, bare = strcspn(text, "=");
        cr_assert_eq(text_base64_encode(plain, strlen(plain), out, strlen(text) + 1), 0);
        cr_assert_str_eq(out, text);
        cr_assert_eq(TEXT_BASE64_SIZE(strlen(plain)), strlen(text) + 1);
        cr_assert_eq(text_base64_encode(plain, strlen(plain), out, strlen(text)), BEAM_ELIMIT);
        cr_assert_eq(text_base64_decode(text, strlen(text), back, strlen(plain), &len), 0);
        cr_assert(len == strlen(plain) && memcmp(back, plain, len) == 0);
        len = 99;
        cr_assert_eq(text_base64_decode(text, bare, back, strlen(plain), &len), 0);
        cr_assert(len == strlen(plain) && memcmp(back, plain, len) == 0);
        if (len > 0)
            cr_assert_eq(text_base64_decode(text, strlen(text), back, len - 1, &len), BEAM_ELIMIT);
    }
    /* Every value of the alphabet. */
    static const char all[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint8_t bytes[48];
    char out[65];
    size_t len;
    cr_assert_eq(text_base64_decode(all, 64, bytes, 48, &len), 0);
    for (unsigned i = 0; i < 64; i++)
        cr_assert_eq(
            (((unsigned)bytes[i * 6 / 8] << 8 | bytes[i * 6 / 8 + (i < 63)]) >> (10 - i * 6 % 8) &
             63) == i ||
                i == 63,
            1, "%u", i);
    cr_assert_eq(text_base64_encode(bytes, 48, out, sizeof(out)), 0);
    cr_assert_str_eq(out, all);
}

BEAM_TEST(text, base64_refuses_what_is_not_canonical)
{
    static const char *const bad[] = {
        "=",   "==",    "===",  "====",     "Z",     "Z===",  "Zg=",  "Zh==",   "Zh",   "Zm9=",
        "Zm9", "Zm8==", "Z=g=", "Zg==Zg==", "Zm9v=", "Zm 9v", "Zm-_", "Zm9v\n", "Zm9vY"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        uint8_t kept[16] = {7};
        size_t len = 99;
        cr_assert_eq(text_base64_decode(bad[i], strlen(bad[i]), kept, 16, &len), BEAM_EINVAL, "%s",
                     bad[i]);
        cr_assert(len == 99 && kept[0] == 7);
    }
}

typedef int encode_fn(const void *data, size_t len, char *out, size_t size);
typedef int decode_fn(const char *text, size_t len, void *out, size_t size, size_t *out_len);

/* What is encoded comes back; and whatever is decoded is the one way to write it, so that no two
 * texts mean the same bytes. */
static void both_ways(struct seed *s, encode_fn *encode, decode_fn *decode, bool fold)
{
    for (int i = 0; i < 4000; i++) {
        uint8_t in[64], back[64];
        char text[160], again[160];
        size_t n = seed_below(s, sizeof(in) + 1), len = 0;
        seed_fill(s, in, n);
        BEAM_CHECK(encode(in, n, text, sizeof(text)) == 0);
        BEAM_CHECK(decode(text, strlen(text), back, n, &len) == 0);
        BEAM_CHECK(len == n && memcmp(in, back, n) == 0);
        if (n == 0)
            continue;
        text[seed_below(s, strlen(text))] = (char)(' ' + seed_below(s, 95));
        if (decode(text, strlen(text), back, sizeof(back), &len) < 0)
            continue;
        BEAM_CHECK(encode(back, len, again, sizeof(again)) == 0);
        for (char *p = text; fold && *p; p++)
            *p = (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
        size_t bare = strcspn(text, "=");
        BEAM_CHECK(strncmp(text, again, bare) == 0);
        BEAM_CHECK(strspn(again + bare, "=") == strlen(again + bare));
    }
}

BEAM_TEST(text, random_bytes_both_ways)
{
    struct seed s = seed_start("text");
    both_ways(&s, text_base32_encode, text_base32_decode, true);
    both_ways(&s, text_base64_encode, text_base64_decode, false);
}

BEAM_TEST(text, numbers)
{
    static const struct {
        const char *text;
        uint64_t max;
        bool fine;
    } rows[] = {
        {"0", 0, true},
        {"1", 0, false},
        {"65535", 65535, true},
        {"65536", 65535, false},
        {"9", 8, false},
        {"10", 9, false},
        {"18446744073709551615", UINT64_MAX, true},
        {"18446744073709551616", UINT64_MAX, false},
        {"99999999999999999999999", UINT64_MAX, false},
        {"", 9, false},
        {"00", 9, false},
        {"01", 9, false},
        {"-1", 9, false},
        {"+1", 9, false},
        {" 1", 9, false},
        {"1 ", 9, false},
        {"1a", 99, false},
        {"0x1", 99, false},
        {"\xd9\xa1", 99, false}, /* a digit, but not ours */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t v = 4242;
        int err = text_number(rows[i].text, strlen(rows[i].text), rows[i].max, &v);
        cr_assert_eq(err, rows[i].fine ? 0 : BEAM_EINVAL, "%s", rows[i].text);
        if (rows[i].fine) {
            char back[32];
            snprintf(back, sizeof(back), "%llu", (unsigned long long)v);
            cr_assert_str_eq(back, rows[i].text);
        } else {
            cr_assert_eq(v, 4242u);
        }
    }
    uint64_t v;
    cr_assert_eq(text_number("123x", 3, 1000, &v), 0);
    cr_assert_eq(v, 123u);
    cr_assert_eq(text_number("1\0", 2, 1000, &v), BEAM_EINVAL);
}

BEAM_TEST(text, utf8_by_the_rfc)
{
    static const char *const good[] = {
        "",
        "plain",
        "\x7f",
        "\xc2\x80",
        "\xdf\xbf",
        "\xe0\xa0\x80",
        "\xed\x9f\xbf",
        "\xee\x80\x80",
        "\xef\xbf\xbf",
        "\xf0\x90\x80\x80",
        "\xf4\x8f\xbf\xbf",
    };
    static const char *const bad[] = {
        "\x80", /* continues nothing */
        "\xbf",
        "\xc0\x80", /* longer than it need be */
        "\xc1\xbf",
        "\xe0\x9f\xbf",
        "\xf0\x8f\xbf\xbf",
        "\xed\xa0\x80", /* surrogates */
        "\xed\xbf\xbf",
        "\xf4\x90\x80\x80", /* beyond U+10FFFF */
        "\xf5\x80\x80\x80",
        "\xff",
        "\xfe",
        "\xc2", /* cut short */
        "\xe2\x82",
        "\xf0\x9d\x84",
        "\xc2\x41",
        "\xe2\x82\x41",
        "\xf0\x9d\x84\x41",
        "ab\xffz",
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        cr_assert(text_utf8_valid(good[i], strlen(good[i])), "good %zu", i);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_assert_not(text_utf8_valid(bad[i], strlen(bad[i])), "bad %zu", i);
    cr_assert(text_utf8_valid("a\0b", 3), "NUL is a character");
}

/* Each code point written by the rule is valid exactly when it is no surrogate. */
BEAM_TEST(text, utf8_every_code_point)
{
    for (uint32_t c = 0x80; c <= 0x110000; c++) {
        char t[4];
        size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        for (size_t i = n; i-- > 1;)
            t[i] = (char)(0x80 | (c >> 6 * (n - 1 - i) & 0x3f));
        t[0] = (char)((0xf00u >> n & 0xff) | c >> 6 * (n - 1));
        bool want = c <= 0x10ffff && !(c >= 0xd800 && c <= 0xdfff);
        BEAM_CHECK(text_utf8_valid(t, n) == want);
    }
}

static void escapes_to(const char *in, size_t len, const char *want)
{
    char out[256];
    cr_assert_eq(text_escape(in, len, out, sizeof(out)), strlen(want));
    cr_assert_str_eq(out, want);
}

BEAM_TEST(text, escape)
{
    escapes_to("", 0, "");
    escapes_to("GET /a?b=c d", 12, "GET /a?b=c d");
    escapes_to("a\0b", 3, "a\\x00b");
    escapes_to("\x1b[31mred\x1b[0m", 12, "\\x1b[31mred\\x1b[0m");
    escapes_to("a\r\n\tb\x7f", 6, "a\\x0d\\x0a\\x09b\\x7f");
    escapes_to("back\\slash", 10, "back\\x5cslash");
    escapes_to("\xc3\xa9\xe2\x82\xac\xf0\x9f\xa7\x85", 9, "\xc3\xa9\xe2\x82\xac\xf0\x9f\xa7\x85");
    escapes_to("\xc2\x9b"
               "31m",
               5, "\\xc2\\x9b31m"); /* C1 CSI */
    escapes_to("\x9b"
               "31m",
               4, "\\x9b31m"); /* its raw byte */
    escapes_to("a\xe2\x80\xae"
               "b",
               5, "a\\xe2\\x80\\xaeb");                        /* right-to-left override */
    escapes_to("\xe2\x81\xa6", 3, "\\xe2\\x81\\xa6");          /* isolate */
    escapes_to("\xe2\x80\x8b", 3, "\\xe2\\x80\\x8b");          /* zero width space */
    escapes_to("\xef\xbb\xbf", 3, "\\xef\\xbb\\xbf");          /* byte order mark */
    escapes_to("\xe2\x80\xa8", 3, "\\xe2\\x80\\xa8");          /* line separator */
    escapes_to("\xc2\xad", 2, "\\xc2\\xad");                   /* soft hyphen */
    escapes_to("\xf3\xa0\x81\x81", 4, "\\xf3\\xa0\\x81\\x81"); /* a tag */
    escapes_to("\xef\xbf\xbf", 3, "\\xef\\xbf\\xbf");          /* a non-character */
    escapes_to("\xc3", 1, "\\xc3");                            /* cut short */
    escapes_to("\xc3(", 2, "\\xc3(");
    escapes_to("\xed\xa0\x80", 3, "\\xed\\xa0\\x80"); /* a surrogate */
}

BEAM_TEST(text, escape_cuts_with_dots)
{
    char out[16];
    memset(out, 'Z', sizeof(out));
    cr_assert_eq(text_escape("abcdefgh", 8, out, 9), 8u, "fits exactly");
    cr_assert_str_eq(out, "abcdefgh");
    cr_assert_eq(text_escape("abcdefgh", 8, out, 8), 7u);
    cr_assert_str_eq(out, "abcd...");
    cr_assert_eq(text_escape("\x01\x02", 2, out, 9), 8u);
    cr_assert_str_eq(out, "\\x01\\x02");
    cr_assert_eq(text_escape("\x01\x02", 2, out, 8), 7u);
    cr_assert_str_eq(out, "\\x01...");
    cr_assert_eq(text_escape("\x01\x02", 2, out, 7), 3u, "an escape is not cut in two");
    cr_assert_str_eq(out, "...");
    cr_assert_eq(text_escape("\xe2\x82\xac\xe2\x82\xac", 6, out, 6), 3u, "nor a character");
    cr_assert_str_eq(out, "...");
    cr_assert_eq(text_escape("abcd", 4, out, 4), 3u);
    cr_assert_str_eq(out, "...");
    cr_assert_eq(text_escape("abcd", 4, out, 3), 2u);
    cr_assert_str_eq(out, "..");
    cr_assert_eq(text_escape("ab", 2, out, 3), 2u);
    cr_assert_str_eq(out, "ab");
    cr_assert_eq(text_escape("a", 1, out, 1), 0u);
    cr_assert_str_eq(out, "");
    out[0] = 'Z';
    cr_assert_eq(text_escape("a", 1, out, 0), 0u);
    cr_assert_eq(out[0], 'Z');
}

BEAM_TEST(text, escape_of_anything_is_safe_and_fits)
{
    struct seed s = seed_start("escape");
    for (int i = 0; i < 20000; i++) {
        char in[64], out[128];
        size_t len = seed_below(&s, sizeof(in) + 1), size = 1 + seed_below(&s, sizeof(out));
        seed_fill(&s, in, len);
        memset(out, 0x7f, sizeof(out));
        size_t n = text_escape(in, len, out, size);
        BEAM_CHECK(n < size && out[n] == '\0' && strlen(out) == n);
        BEAM_CHECK(size == sizeof(out) || out[size] == 0x7f);
        BEAM_CHECK(text_utf8_valid(out, n));
        for (size_t k = 0; k < n; k++)
            BEAM_CHECK((uint8_t)out[k] >= ' ' && out[k] != 0x7f);
    }
}

BEAM_TEST(text, nearest)
{
    static const char *const known[] = {"status", "stop",       "daemon",    "demo",
                                        "help",   "tor.binary", "tor.torrc", "log.level"};
    const size_t n = sizeof(known) / sizeof(known[0]);
    cr_assert_str_eq(text_nearest("stauts", known, n), "status");
    cr_assert_str_eq(text_nearest("statu", known, n), "status");
    cr_assert_str_eq(text_nearest("sttop", known, n), "stop");
    cr_assert_str_eq(text_nearest("demn", known, n), "demo");
    cr_assert_str_eq(text_nearest("deamon", known, n), "daemon");
    cr_assert_str_eq(text_nearest("HELP", known, n), "help");
    cr_assert_str_eq(text_nearest("tor.binry", known, n), "tor.binary");
    cr_assert_str_eq(text_nearest("tor.torcc", known, n), "tor.torrc");
    cr_assert_str_eq(text_nearest("tor_binary", known, n), "tor.binary");
    cr_assert_null(text_nearest("", known, n));
    cr_assert_null(text_nearest("x", known, n));
    cr_assert_null(text_nearest("publish", known, n));
    cr_assert_null(text_nearest("sxxp", known, n), "two of four are too many");
    cr_assert_null(text_nearest("status", known, 0));

    char word[70];
    memset(word, 'w', sizeof(word));
    word[63] = '\0';
    const char *const itself[] = {word};
    cr_assert_eq(text_nearest(word, itself, 1), word);
    word[63] = 'w';
    word[64] = '\0';
    cr_assert_null(text_nearest(word, itself, 1));
    cr_assert_null(text_nearest("wwww", itself, 1), "a known word too long to hold is passed over");
}

BEAM_TEST(text, labels)
{
    char is_long[65];
    memset(is_long, 'a', sizeof(is_long));
    is_long[63] = '\0';
    const char *const good[] = {"a", "0", "swift-beam-456", "a--b", "x1", is_long};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        cr_assert(text_label_valid(good[i]), "%s", good[i]);
    is_long[63] = 'a';
    is_long[64] = '\0';
    static const char *const bad[] = {
        "", "-", "-a", "a-", "A", "a.b", "a_b", "a b", "a\n", "\xc3\xa9", "\xf0\x9f\xa7\x85"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_assert_not(text_label_valid(bad[i]), "%s", bad[i]);
    cr_assert_not(text_label_valid(is_long));
}

/* The examples of draft-msporny-base58-03, section 5, and leading zeros. */
BEAM_TEST(text, base58)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *text;
    } rows[] = {
        {"", 0, ""},
        {"\0", 1, "1"},
        {"Hello World!", 12, "2NEpo7TZRRrLZSi2U"},
        {"The quick brown fox jumps over the lazy dog.", 44,
         "USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z"},
        {"\x00\x00\x28\x7f\xb4\xcd", 6, "11233QC4"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[80];
        uint8_t bytes[64];
        size_t n = 77, len = strlen(rows[i].text);
        cr_assert_eq(text_base58_encode(rows[i].bytes, rows[i].len, text, sizeof(text)), 0);
        cr_assert_str_eq(text, rows[i].text);
        cr_assert_eq(text_base58_encode(rows[i].bytes, rows[i].len, text, len), BEAM_ELIMIT);
        cr_assert_eq(text_base58_decode(rows[i].text, len, bytes, rows[i].len, &n), 0);
        cr_assert_eq(n, rows[i].len);
        cr_assert_eq(memcmp(bytes, rows[i].bytes, n), 0);
        if (n > 0)
            cr_assert_eq(text_base58_decode(rows[i].text, len, bytes, n - 1, &n), BEAM_ELIMIT);
    }
    static const char *const bad[] = {"0", "O", "I", "l", "2NEpo7TZRR LZSi2U", "1\xff"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        uint8_t bytes[64];
        size_t n;
        cr_assert_eq(text_base58_decode(bad[i], strlen(bad[i]), bytes, 64, &n), BEAM_EINVAL);
    }
}

BEAM_TEST(text, base58_has_a_ceiling)
{
    uint8_t bytes[TEXT_RADIX_MAX + 1], again[TEXT_RADIX_MAX + 1];
    char text[TEXT_BASE58_SIZE(sizeof(bytes))];
    size_t n = 0;
    memset(bytes, 0xff, sizeof(bytes));
    cr_assert_eq(text_base58_encode(bytes, sizeof(bytes), text, sizeof(text)), BEAM_ELIMIT);
    cr_assert_eq(text_base58_encode(bytes, TEXT_RADIX_MAX, text, sizeof(text)), 0);
    cr_assert_eq(text_base58_decode(text, strlen(text), again, sizeof(again), &n), 0);
    cr_assert_eq(n, (size_t)TEXT_RADIX_MAX);
    cr_assert_eq(memcmp(again, bytes, n), 0);

    size_t len = strlen(text);
    text[len++] = 'z';
    cr_assert_eq(text_base58_decode(text, len, again, sizeof(again), &n), BEAM_ELIMIT);
    memset(text, '1', TEXT_RADIX_MAX + 1);
    cr_assert_eq(text_base58_decode(text, TEXT_RADIX_MAX + 1, again, sizeof(again), &n),
                 BEAM_ELIMIT);
}

BEAM_TEST(text, base36)
{
    /* From the multibase specification's test vectors (multiformats/multibase, tests/basic.csv). */
    static const char text[] = "2lcpzo5yikidynfl";
    uint8_t bytes[16];
    size_t n = 0;
    cr_assert_eq(text_base36_decode(text, sizeof(text) - 1, bytes, sizeof(bytes), &n), 0);
    cr_assert_eq(n, 10u);
    cr_assert_eq(memcmp(bytes, "yes mani !", n), 0);
    cr_assert_eq(text_base36_decode("2LCPZO5YIKIDYNFL", 16, bytes, sizeof(bytes), &n), 0);
    cr_assert_eq(memcmp(bytes, "yes mani !", n), 0);
    cr_assert_eq(text_base36_decode("2-", 2, bytes, sizeof(bytes), &n), BEAM_EINVAL);
}
