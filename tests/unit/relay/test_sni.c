/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/sni.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/harness.h"
#include "tests/unit/seed.h"

enum { SIZE = 128 * 1024 };

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

/* A ClientHello in records of at most `record` bytes. */
static size_t hello(uint8_t *out, const char *name, size_t before, size_t record)
{
    static uint8_t m[SIZE];
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

static enum sni_result fed(struct sni *s, const uint8_t *bytes, size_t len, size_t piece)
{
    memset(s, 0, sizeof(*s));
    for (size_t i = 0; i < len && s->result == SNI_MORE; i += piece)
        sni_feed(s, bytes + i, len - i < piece ? len - i : piece);
    return s->result;
}

BEAM_TEST(sni, however_it_is_cut)
{
    static uint8_t bytes[SIZE * 6];
    static const size_t records[] = {1, 2, 7, 100, 16384}, pieces[] = {1, 3, 1000, SIZE};
    struct sni s;
    for (size_t i = 0; i < 5; i++)
        for (size_t j = 0; j < 4; j++) {
            size_t n = hello(bytes, "A.Relay.Example", 100, records[i]);
            BEAM_CHECK(fed(&s, bytes, n, pieces[j]) == SNI_FOUND);
            BEAM_CHECK(strcmp(s.name, "a.relay.example") == 0);
            BEAM_CHECK(fed(&s, bytes, n - 1, pieces[j]) == SNI_MORE);
            n = hello(bytes, NULL, 100, records[i]);
            BEAM_CHECK(fed(&s, bytes, n, pieces[j]) == SNI_FOUND);
            BEAM_CHECK(s.name[0] == '\0');
        }
}

BEAM_TEST(sni, a_block_of_64_kilobytes)
{
    static uint8_t bytes[SIZE * 6];
    struct sni s;
    size_t n = hello(bytes, "a.example", 65000, 16384);
    cr_assert_eq(fed(&s, bytes, n, 1000), SNI_FOUND);
    cr_assert_str_eq(s.name, "a.example");
    n = hello(bytes, "a.example", 65000, 1);
    cr_assert_eq(fed(&s, bytes, n, 1000), SNI_BROKEN, "six bytes for one are too many");
    cr_assert_leq(s.seen, (size_t)SNI_BYTES_MAX + 1000);
}

BEAM_TEST(sni, what_is_none)
{
    static const struct {
        const char *bytes;
        size_t len;
        enum sni_result result;
    } rows[] = {{"GET / HTTP/1.1\r\n", 16, SNI_NO_TLS},
                {"\x16", 1, SNI_MORE},
                {"\x16\x03\x01\x00\x00", 5, SNI_BROKEN},
                {"\x16\x02\x01\x00\x05", 5, SNI_BROKEN},
                {"\x16\x03\x01\x40\x01", 5, SNI_BROKEN},
                {"\x16\x03\x01\x00\x05\x02\x00\x00\x00\x00", 10, SNI_BROKEN},
                {"\x16\x03\x01\x00\x05\x01\xff\x00\x00\x00", 10, SNI_BROKEN},
                {"\x16\x03\x01\x00\x05\x01\x00\x00\x05\x00", 10, SNI_BROKEN},
                {"", 0, SNI_MORE}};
    struct sni s;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        cr_expect_eq(fed(&s, (const uint8_t *)rows[i].bytes, rows[i].len, 1), rows[i].result, "%zu",
                     i);
}

BEAM_TEST(sni, names_that_are_no_hosts)
{
    static uint8_t bytes[SIZE];
    char name[300];
    struct sni s;
    size_t n = hello(bytes, "a b", 0, 1000);
    cr_assert_eq(fed(&s, bytes, n, 100), SNI_FOUND);
    cr_assert_str_eq(s.name, "");
    memset(name, 'a', 256);
    name[256] = '\0';
    n = hello(bytes, name, 0, 1000);
    cr_assert_eq(fed(&s, bytes, n, 100), SNI_BROKEN);
    name[255] = '\0';
    n = hello(bytes, name, 0, 1000);
    cr_assert_eq(fed(&s, bytes, n, 100), SNI_FOUND);
    cr_assert_str_eq(s.name, name);
}

/* One byte changed anywhere: never a crash, and never a name that was not sent. */
BEAM_TEST(sni, a_byte_that_is_another)
{
    static uint8_t bytes[SIZE];
    struct seed seed = seed_start("sni");
    struct sni s;
    size_t n = hello(bytes, "a.example", 20, 50);
    for (size_t i = 0; i < n; i++) {
        uint8_t was = bytes[i];
        bytes[i] = (uint8_t)seed_below(&seed, 256);
        enum sni_result r = fed(&s, bytes, n, 1 + seed_below(&seed, 40));
        BEAM_CHECK(r == SNI_FOUND || s.name[0] == '\0' || r == SNI_MORE);
        BEAM_CHECK(strlen(s.name) < SNI_NAME_SIZE);
        bytes[i] = was;
    }
}
