/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/sni.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/harness.h"
#include "tests/unit/relay/hello.h"
#include "tests/unit/seed.h"

static enum sni_result fed(struct sni *s, const uint8_t *bytes, size_t len, size_t piece)
{
    memset(s, 0, sizeof(*s));
    for (size_t i = 0; i < len && s->result == SNI_MORE; i += piece)
        sni_feed(s, bytes + i, len - i < piece ? len - i : piece);
    return s->result;
}

BEAM_TEST(sni, however_it_is_cut)
{
    static uint8_t bytes[HELLO_SIZE * 6];
    static const size_t records[] = {1, 2, 7, 100, 16384}, pieces[] = {1, 3, 1000, HELLO_SIZE};
    struct sni s;
    for (size_t i = 0; i < 5; i++)
        for (size_t j = 0; j < 4; j++) {
            size_t n = hello_make(bytes, "A.Relay.Example", 100, records[i]);
            BEAM_CHECK(fed(&s, bytes, n, pieces[j]) == SNI_FOUND);
            BEAM_CHECK(strcmp(s.name, "a.relay.example") == 0);
            BEAM_CHECK(fed(&s, bytes, n - 1, pieces[j]) == SNI_MORE);
            n = hello_make(bytes, NULL, 100, records[i]);
            BEAM_CHECK(fed(&s, bytes, n, pieces[j]) == SNI_FOUND);
            BEAM_CHECK(s.name[0] == '\0');
        }
}

BEAM_TEST(sni, a_block_of_64_kilobytes)
{
    static uint8_t bytes[HELLO_SIZE * 6];
    struct sni s;
    size_t n = hello_make(bytes, "a.example", 65000, 16384);
    cr_assert_eq(fed(&s, bytes, n, 1000), SNI_FOUND);
    cr_assert_str_eq(s.name, "a.example");
    n = hello_make(bytes, "a.example", 65000, 1);
    cr_assert_eq(fed(&s, bytes, n, 1000), SNI_BROKEN, "six bytes for one are too many");
    cr_assert_eq(s.seen, (size_t)SNI_BYTES_MAX);
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
    static uint8_t bytes[HELLO_SIZE];
    char name[300];
    struct sni s;
    size_t n = hello_make(bytes, "a b", 0, 1000);
    cr_assert_eq(fed(&s, bytes, n, 100), SNI_FOUND);
    cr_assert_str_eq(s.name, "");
    memset(name, 'a', 256);
    name[256] = '\0';
    n = hello_make(bytes, name, 0, 1000);
    cr_assert_eq(fed(&s, bytes, n, 100), SNI_BROKEN);
    name[255] = '\0';
    n = hello_make(bytes, name, 0, 1000);
    cr_assert_eq(fed(&s, bytes, n, 100), SNI_FOUND);
    cr_assert_str_eq(s.name, name);
}

/* One byte changed anywhere: never a crash, and never a name that was not sent. */
BEAM_TEST(sni, a_byte_that_is_another)
{
    static uint8_t bytes[HELLO_SIZE];
    struct seed seed = seed_start("sni");
    struct sni s;
    size_t n = hello_make(bytes, "a.example", 20, 50);
    for (size_t i = 0; i < n; i++) {
        uint8_t was = bytes[i];
        bytes[i] = (uint8_t)seed_below(&seed, 256);
        enum sni_result r = fed(&s, bytes, n, 1 + seed_below(&seed, 40));
        BEAM_CHECK(r == SNI_FOUND || s.name[0] == '\0' || r == SNI_MORE);
        BEAM_CHECK(strlen(s.name) < SNI_NAME_SIZE);
        bytes[i] = was;
    }
}
