/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/relay/hello.h"

#include <stdint.h>
#include <string.h>

static size_t put16(uint8_t *out, size_t value)
{
    out[0] = (uint8_t)(value >> 8);
    out[1] = (uint8_t)value;
    return 2;
}

/* An extension in front of the name's, and that of the name, if any. */
static size_t extensions(uint8_t *out, const char *name, size_t before)
{
    size_t at = 0, len = name ? strlen(name) : 0;
    at += put16(out + at, 0x1234);
    at += put16(out + at, before);
    memset(out + at, 'x', before);
    at += before;
    if (!name)
        return at;
    at += put16(out + at, 0);
    at += put16(out + at, len + 5);
    at += put16(out + at, len + 3);
    out[at++] = 0;
    at += put16(out + at, len);
    memcpy(out + at, name, len);
    return at + len;
}

size_t hello_make(uint8_t *out, const char *name, size_t before, size_t record)
{
    static uint8_t m[HELLO_SIZE];
    size_t n = 4, at = 0;
    m[0] = 1;
    memset(m + n, 3, 34);
    n += 34;
    m[n++] = 32;
    n += 32;
    n += put16(m + n, 4);
    n += 4;
    m[n++] = 1;
    m[n++] = 0;
    size_t block = extensions(m + n + 2, name, before);
    n += put16(m + n, block) + block;
    m[1] = (uint8_t)((n - 4) >> 16);
    put16(m + 2, n - 4);
    for (size_t i = 0; i < n; i += record) {
        size_t len = n - i < record ? n - i : record;
        memcpy(out + at, "\x16\x03\x01", 3);
        put16(out + at + 3, len);
        memcpy(out + at + 5, m + i, len);
        at += 5 + len;
    }
    return at;
}
