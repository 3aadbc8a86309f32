/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/text.h"

#include <string.h>

#include "base/err.h"

/*
 * The value of a character of an alphabet, or -1. Keys pass through here, so
 * these neither branch on a character nor look it up in a table.
 */
typedef int value_fn(int c);

/* first + (c - low) + 1 when low <= c <= high, else 0. */
static int in_range(int c, int low, int high, int first)
{
    int mask = ((low - 1 - c) & (c - high - 1)) >> 8;
    return mask & (first + c - low + 1);
}

static int hex_value(int c)
{
    return in_range(c, '0', '9', 0) + in_range(c, 'a', 'f', 10) + in_range(c, 'A', 'F', 10) - 1;
}

static int base32_value(int c)
{
    return in_range(c, 'a', 'z', 0) + in_range(c, 'A', 'Z', 0) + in_range(c, '2', '7', 26) - 1;
}

static int base64_value(int c)
{
    return in_range(c, 'A', 'Z', 0) + in_range(c, 'a', 'z', 26) + in_range(c, '0', '9', 52) +
           in_range(c, '+', '+', 62) + in_range(c, '/', '/', 63) - 1;
}

/* Writes len bytes as characters of `bits` bits each, most significant first,
 * the last filled up with zeros. No NUL; returns how many. */
static size_t encode(const uint8_t *data, size_t len, unsigned bits, const char *alphabet,
                     char *out)
{
    uint32_t acc = 0;
    unsigned have = 0;
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        acc = (acc << 8 | data[i]) & 0xffff;
        for (have += 8; have >= bits; have -= bits)
            out[n++] = alphabet[acc >> (have - bits) & ((1u << bits) - 1)];
    }
    if (have > 0)
        out[n++] = alphabet[acc << (bits - have) & ((1u << bits) - 1)];
    return n;
}

/* Whether all characters are of the alphabet, no character is one too many, and
 * the bits that fill up the last one are zero. */
static bool canonical(const char *text, size_t len, unsigned bits, value_fn *value)
{
    int seen = 0, last = 0;
    for (size_t i = 0; i < len; i++) {
        last = value((uint8_t)text[i]);
        seen |= last;
    }
    unsigned spare = (unsigned)(len % 8) * bits % 8;
    return seen >= 0 && spare < bits && ((unsigned)last & ((1u << spare) - 1)) == 0;
}

/* The reverse of encode, of text that is canonical. */
static void decode(const char *text, size_t len, unsigned bits, value_fn *value, uint8_t *out)
{
    uint32_t acc = 0;
    unsigned have = 0;
    for (size_t i = 0; i < len; i++) {
        acc = (acc << bits | (uint32_t)value((uint8_t)text[i])) & 0xffff;
        have += bits;
        if (have >= 8) {
            have -= 8;
            *out++ = (uint8_t)(acc >> have);
        }
    }
}

static int decode_checked(const char *text, size_t len, unsigned bits, value_fn *value, void *out,
                          size_t size, size_t *out_len)
{
    if (!canonical(text, len, bits, value))
        return BEAM_EINVAL;
    size_t bytes = len / 8 * bits + len % 8 * bits / 8;
    if (bytes > size)
        return BEAM_ELIMIT;
    decode(text, len, bits, value, out);
    *out_len = bytes;
    return 0;
}

int text_hex_encode(const void *data, size_t len, char *out, size_t size)
{
    if (size == 0 || len > (size - 1) / 2)
        return BEAM_ELIMIT;
    out[encode(data, len, 4, "0123456789abcdef", out)] = '\0';
    return 0;
}

int text_hex_decode(const char *text, size_t len, void *out, size_t size)
{
    if (len % 2 != 0 || len / 2 != size || !canonical(text, len, 4, hex_value))
        return BEAM_EINVAL;
    decode(text, len, 4, hex_value, out);
    return 0;
}

int text_base32_encode(const void *data, size_t len, char *out, size_t size)
{
    size_t need = len / 5 * 8 + (len % 5 * 8 + 4) / 5;
    if (len > SIZE_MAX / 8 * 5 || need >= size)
        return BEAM_ELIMIT;
    out[encode(data, len, 5, "abcdefghijklmnopqrstuvwxyz234567", out)] = '\0';
    return 0;
}

int text_base32_decode(const char *text, size_t len, void *out, size_t size, size_t *out_len)
{
    return decode_checked(text, len, 5, base32_value, out, size, out_len);
}

int text_base64_encode(const void *data, size_t len, char *out, size_t size)
{
    size_t need = len / 3 * 4 + (len % 3 ? 4 : 0);
    if (len > SIZE_MAX / 4 * 3 - 3 || need >= size)
        return BEAM_ELIMIT;
    size_t n = encode(data, len, 6,
                      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", out);
    memset(out + n, '=', need - n);
    out[need] = '\0';
    return 0;
}

int text_base64_decode(const char *text, size_t len, void *out, size_t size, size_t *out_len)
{
    if (len > 0 && text[len - 1] == '=') {
        if (len % 4 != 0)
            return BEAM_EINVAL;
        len -= text[len - 2] == '=' ? 2 : 1;
    }
    return decode_checked(text, len, 6, base64_value, out, size, out_len);
}

static const char base58_digits[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

static int base58_value(int c)
{
    const char *at = memchr(base58_digits, c, sizeof(base58_digits) - 1);
    return at ? (int)(at - base58_digits) : -1;
}

static int base36_value(int c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'z' ? c - 'a' + 10 : -1;
}

/* number = number * by + add, of *n bytes, the lowest first. */
static bool radix_step(uint8_t *number, size_t *n, unsigned by, unsigned add)
{
    for (size_t i = 0; i < *n; i++) {
        add += number[i] * by;
        number[i] = (uint8_t)add;
        add >>= 8;
    }
    if (add == 0)
        return true;
    if (*n == TEXT_RADIX_MAX)
        return false;
    number[(*n)++] = (uint8_t)add;
    return true;
}

static int radix_decode(const char *text, size_t len, unsigned base, value_fn *value, void *out,
                        size_t size, size_t *out_len)
{
    uint8_t number[TEXT_RADIX_MAX], *to = out;
    size_t zeros = 0, n = 0;
    if (len > 2 * TEXT_RADIX_MAX)
        return BEAM_ELIMIT;
    while (zeros < len && value((uint8_t)text[zeros]) == 0)
        zeros++;
    for (size_t i = zeros; i < len; i++) {
        int digit = value((uint8_t)text[i]);
        if (digit < 0)
            return BEAM_EINVAL;
        if (!radix_step(number, &n, base, (unsigned)digit))
            return BEAM_ELIMIT;
    }
    if (zeros + n > TEXT_RADIX_MAX || zeros + n > size)
        return BEAM_ELIMIT;
    memset(to, 0, zeros);
    for (size_t i = 0; i < n; i++)
        to[zeros + i] = number[n - 1 - i];
    *out_len = zeros + n;
    return 0;
}

int text_base58_encode(const void *data, size_t len, char *out, size_t size)
{
    uint8_t digits[TEXT_BASE58_SIZE(TEXT_RADIX_MAX)];
    const uint8_t *p = data;
    size_t zeros = 0, n = 0;
    if (len > TEXT_RADIX_MAX)
        return BEAM_ELIMIT;
    while (zeros < len && p[zeros] == 0)
        zeros++;
    for (size_t i = zeros; i < len; i++) {
        unsigned carry = p[i];
        for (size_t k = 0; k < n || carry; k++) {
            carry += k < n ? digits[k] * 256u : 0;
            digits[k] = (uint8_t)(carry % 58);
            carry /= 58;
            n = k < n ? n : k + 1;
        }
    }
    if (zeros + n >= size)
        return BEAM_ELIMIT;
    memset(out, base58_digits[0], zeros);
    for (size_t i = 0; i < n; i++)
        out[zeros + i] = base58_digits[digits[n - 1 - i]];
    out[zeros + n] = '\0';
    return 0;
}

int text_base58_decode(const char *text, size_t len, void *out, size_t size, size_t *out_len)
{
    return radix_decode(text, len, 58, base58_value, out, size, out_len);
}

int text_base36_decode(const char *text, size_t len, void *out, size_t size, size_t *out_len)
{
    return radix_decode(text, len, 36, base36_value, out, size, out_len);
}

int text_number(const char *text, size_t len, uint64_t max, uint64_t *out)
{
    if (len == 0 || (len > 1 && text[0] == '0'))
        return BEAM_EINVAL;
    uint64_t v = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return BEAM_EINVAL;
        uint64_t digit = (uint64_t)(text[i] - '0');
        if (v > max / 10 || v * 10 > max - digit || digit > max)
            return BEAM_EINVAL;
        v = v * 10 + digit;
    }
    *out = v;
    return 0;
}

/* The bytes of the character at p, and which it is; 0 when it is not UTF-8. */
static size_t utf8_next(const uint8_t *p, size_t len, uint32_t *point)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    if (n == 0 || n > len || p[0] > 0xf4)
        return 0;
    uint32_t v = n == 1 ? p[0] : p[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        v = v << 6 | (p[i] & 0x3f);
    }
    if (v < least[n] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
        return 0;
    *point = v;
    return n;
}

bool text_utf8_valid(const char *text, size_t len)
{
    const uint8_t *p = (const uint8_t *)text;
    uint32_t point;
    for (size_t i = 0, n; i < len; i += n) {
        n = utf8_next(p + i, len - i, &point);
        if (n == 0)
            return false;
    }
    return true;
}

/*
 * Controls, and what Unicode calls format characters, line and paragraph
 * separators, default-ignorable and non-characters: they move the cursor, turn
 * the direction of text or show nothing.
 */
static bool invisible(uint32_t point)
{
    static const struct {
        uint32_t low, high;
    } ranges[] = {
        {0x0000, 0x001f},   {0x007f, 0x009f},   {0x00ad, 0x00ad},   {0x034f, 0x034f},
        {0x0600, 0x0605},   {0x061c, 0x061c},   {0x06dd, 0x06dd},   {0x070f, 0x070f},
        {0x0890, 0x0891},   {0x08e2, 0x08e2},   {0x115f, 0x1160},   {0x17b4, 0x17b5},
        {0x180b, 0x180f},   {0x200b, 0x200f},   {0x2028, 0x202e},   {0x2060, 0x206f},
        {0x3164, 0x3164},   {0xfdd0, 0xfdef},   {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},
        {0xffa0, 0xffa0},   {0xfff0, 0xfffb},   {0x110bd, 0x110bd}, {0x110cd, 0x110cd},
        {0x13430, 0x1343f}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
    };
    if ((point & 0xfffe) == 0xfffe)
        return true;
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
        if (point >= ranges[i].low && point <= ranges[i].high)
            return true;
    return false;
}

/* One unit of escaped text, at most 4 bytes: a character as it is, or a byte
 * as \xNN. Returns the bytes taken; *n is what was written. */
static size_t escape_unit(const uint8_t *p, size_t len, char unit[4], size_t *n)
{
    static const char digits[] = "0123456789abcdef";
    uint32_t point;
    size_t taken = utf8_next(p, len, &point);
    if (taken > 0 && point != '\\' && !invisible(point)) {
        memcpy(unit, p, taken);
        *n = taken;
        return taken;
    }
    const char hex[4] = {'\\', 'x', digits[p[0] >> 4], digits[p[0] & 15]};
    memcpy(unit, hex, sizeof(hex));
    *n = sizeof(hex);
    return 1;
}

size_t text_escape(const void *data, size_t len, char *out, size_t size)
{
    if (size == 0)
        return 0;
    const uint8_t *p = data;
    /* `safe` is the last border after which "..." still fits. */
    size_t at = 0, safe = 0, room = size - 1, n = 0;
    char unit[4];
    for (size_t i = 0; i < len; at += n) {
        i += escape_unit(p + i, len - i, unit, &n);
        if (at + 3 <= room)
            safe = at;
        if (n > room - at) {
            at = safe;
            n = room - at < 3 ? room - at : 3;
            memcpy(out + at, "...", n);
            at += n;
            break;
        }
        memcpy(out + at, unit, n);
    }
    out[at] = '\0';
    return at;
}

enum { NEAREST_MAX = 63 };

static int lower(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : (unsigned char)c;
}

static size_t min(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* How many insertions, removals, changes and swaps of neighbours lie between
 * two words of at most NEAREST_MAX bytes; upper and lower case are one. */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t rows[3][NEAREST_MAX + 1] = {{0}}; /* this row and the two before it, in turn */
    for (size_t j = 0; j <= b_len; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t *now = rows[i % 3];
        const size_t *before = rows[(i + 2) % 3], *two_before = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            int x = lower(a[i - 1]), y = lower(b[j - 1]);
            now[j] = min(min(before[j], now[j - 1]) + 1, before[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == lower(b[j - 2]) && y == lower(a[i - 2]))
                now[j] = min(now[j], two_before[j - 2] + 1);
        }
    }
    return rows[a_len % 3][b_len];
}

const char *text_nearest(const char *word, const char *const *known, size_t n)
{
    size_t len = strnlen(word, NEAREST_MAX + 1);
    if (len > NEAREST_MAX)
        return NULL;
    /* A third of the word may be wrong, three characters at most. */
    size_t best = min(len / 3, 3) + 1;
    const char *nearest = NULL;
    for (size_t i = 0; i < n; i++) {
        size_t known_len = strnlen(known[i], NEAREST_MAX + 1);
        if (known_len > NEAREST_MAX)
            continue;
        size_t d = distance(word, len, known[i], known_len);
        if (d < best) {
            best = d;
            nearest = known[i];
        }
    }
    return nearest;
}

bool text_label_valid(const char *text)
{
    size_t len = strnlen(text, 64);
    if (len == 0 || len > 63 || text[0] == '-' || text[len - 1] == '-')
        return false;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
            return false;
    }
    return true;
}
