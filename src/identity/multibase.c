/* SPDX-License-Identifier: BSD-3-Clause */
#include "identity/multibase.h"

#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "base/wire.h"

enum { TEXT_MAX = 2 * MULTIBASE_MAX };

static void swap(char *text, size_t len, const char *from, const char *to)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] == from[0] || text[i] == from[1])
            text[i] = to[text[i] == from[1]];
}

/* The alphabet of base64url differs from base64's in two characters (RFC 4648, section 5). */
static int base64url_decode(const char *text, size_t len, void *out, size_t size, size_t *out_len)
{
    char copy[TEXT_MAX];
    for (size_t i = 0; i < len; i++)
        if (text[i] == '+' || text[i] == '/' || text[i] == '=')
            return BEAM_EINVAL;
    memcpy(copy, text, len);
    swap(copy, len, "-_", "+/");
    return text_base64_decode(copy, len, out, size, out_len);
}

static int hex_decode(const char *text, size_t len, void *out, size_t size, size_t *out_len)
{
    if (len / 2 > size)
        return BEAM_ELIMIT;
    int err = text_hex_decode(text, len, out, len / 2);
    if (err == 0)
        *out_len = len / 2;
    return err;
}

int multibase_decode(const char *text, size_t len, void *out, size_t size, size_t *out_len)
{
    if (len == 0)
        return BEAM_EINVAL;
    if (len > TEXT_MAX)
        return BEAM_ELIMIT;
    switch (text[0]) {
    case 'f':
    case 'F':
        return hex_decode(text + 1, len - 1, out, size, out_len);
    case 'b':
    case 'B':
        return text_base32_decode(text + 1, len - 1, out, size, out_len);
    case 'k':
    case 'K':
        return text_base36_decode(text + 1, len - 1, out, size, out_len);
    case 'z':
        return text_base58_decode(text + 1, len - 1, out, size, out_len);
    case 'u':
        return base64url_decode(text + 1, len - 1, out, size, out_len);
    default:
        return BEAM_EINVAL;
    }
}

int multibase_encode(const void *data, size_t len, char *out, size_t size)
{
    char text[TEXT_BASE64_SIZE(MULTIBASE_MAX)];
    if (len > MULTIBASE_MAX || text_base64_encode(data, len, text, sizeof(text)) < 0)
        return BEAM_ELIMIT;
    size_t n = strcspn(text, "=");
    if (n + 2 > size)
        return BEAM_ELIMIT;
    swap(text, n, "+/", "-_");
    out[0] = 'u';
    memcpy(out + 1, text, n);
    out[n + 1] = '\0';
    return 0;
}

bool multihash_valid(const void *data, size_t len)
{
    struct wire_reader r;
    wire_read_init(&r, data, len);
    wire_read_varint(&r);
    uint64_t n = wire_read_varint(&r);
    return !r.failed && n > 0 && n == wire_read_left(&r);
}
