/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Codecs and escaping: whatever is decoded is written the same way again, and whatever is escaped
 * is printable UTF-8 that fits.
 */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST = 512 };

typedef int encode_fn(const void *data, size_t len, char *out, size_t size);
typedef int decode_fn(const char *text, size_t len, void *out, size_t size, size_t *out_len);

static void codec(const char *text, size_t len, encode_fn *encode, decode_fn *decode, bool fold)
{
    static uint8_t bytes[MOST];
    static char again[2 * MOST];
    size_t n = 0, bare = len;
    if (decode(text, len, bytes, sizeof(bytes), &n) < 0)
        return;
    while (bare > 0 && text[bare - 1] == '=')
        bare--;
    if (encode(bytes, n, again, sizeof(again)) < 0 || strlen(again) < bare)
        abort();
    for (size_t i = 0; i < bare; i++)
        if (again[i] != (fold ? (char)tolower((unsigned char)text[i]) : text[i]))
            abort();
}

static void escape(const char *text, size_t len, size_t size)
{
    static char out[4 * MOST + 1];
    size_t n = text_escape(text, len, out, size);
    if (n >= size || strlen(out) != n || !text_utf8_valid(out, n))
        abort();
    for (size_t i = 0; i < n; i++)
        if ((uint8_t)out[i] < ' ' || out[i] == 0x7f)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    size_t len = size < MOST ? size : MOST;
    uint64_t number;
    codec(text, len, text_base32_encode, text_base32_decode, true);
    codec(text, len, text_base64_encode, text_base64_decode, false);
    escape(text, len, 4 * MOST + 1);
    escape(text, len, 1 + len / 2);
    if (text_number(text, len, 65535, &number) == 0 && (number > 65535 || len > 5))
        abort();

    char word[MOST + 1];
    memcpy(word, text, len);
    word[len] = '\0';
    static const char *const known[] = {"status", "stop", "daemon", "tor.binary", "log.level"};
    text_nearest(word, known, sizeof(known) / sizeof(known[0]));
    if (text_label_valid(word) && (strlen(word) > 63 || !text_utf8_valid(word, strlen(word))))
        abort();
    return 0;
}
