/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/wire.h"

#include <string.h>

#include "base/err.h"
#include "tests/unit/harness.h"
#include "tests/unit/seed.h"

BEAM_TEST(wire, reads_in_network_order)
{
    static const uint8_t in[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a,
                                 0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xff, 'e',  'n',  'd'};
    struct wire_reader r;
    wire_read_init(&r, in, sizeof(in));
    cr_assert_eq(wire_read_u8(&r), 0x01);
    cr_assert_eq(wire_read_be16(&r), 0x0203);
    cr_assert_eq(wire_read_be32(&r), 0x04050607u);
    cr_assert_eq(wire_read_be64(&r), UINT64_C(0x08090af0f1f2f3f4));
    cr_assert_eq(wire_read_u8(&r), 0xff);
    cr_assert_eq(wire_read_left(&r), 3u);
    cr_assert_eq(wire_read_end(&r, false), 0);
    cr_assert_eq(wire_read_end(&r, true), BEAM_EINVAL, "bytes are left over");
    const uint8_t *p = wire_read_bytes(&r, 3);
    cr_assert_eq(p, in + 16, "a view, not a copy");
    cr_assert_eq(wire_read_end(&r, true), 0);
}

BEAM_TEST(wire, a_read_too_far_sticks)
{
    static const uint8_t in[] = {0xff, 0xff, 0xff};
    struct wire_reader r;
    wire_read_init(&r, in, sizeof(in));
    cr_assert_eq(wire_read_be32(&r), 0u);
    cr_assert_eq(wire_read_u8(&r), 0u, "there are bytes, but it failed before");
    cr_assert_null(wire_read_bytes(&r, 0));
    cr_assert_eq(wire_read_left(&r), 0u);
    cr_assert_eq(wire_read_end(&r, false), BEAM_EINVAL);

    wire_read_init(&r, in, sizeof(in));
    cr_assert_null(wire_read_bytes(&r, SIZE_MAX));
    cr_assert_eq(wire_read_end(&r, false), BEAM_EINVAL);

    wire_read_init(&r, NULL, 0);
    cr_assert_not_null(wire_read_bytes(&r, 0));
    cr_assert_eq(wire_read_end(&r, true), 0);
    cr_assert_eq(wire_read_u8(&r), 0u);
    cr_assert_eq(wire_read_end(&r, true), BEAM_EINVAL);
}

BEAM_TEST(wire, a_write_too_far_sticks)
{
    uint8_t out[4] = {9, 9, 9, 9};
    struct wire_writer w;
    size_t len = 77;
    wire_write_init(&w, out, 3);
    wire_write_be16(&w, 0x0102);
    wire_write_be16(&w, 0x0304);
    wire_write_u8(&w, 5);
    cr_assert_eq(wire_write_end(&w, &len), BEAM_ELIMIT);
    cr_assert_eq(len, 77u);
    cr_assert_eq(memcmp(out, (uint8_t[]){1, 2, 9, 9}, 4), 0, "nothing after the first that failed");

    wire_write_init(&w, out, 3);
    wire_write_bytes(&w, "abc", 3);
    wire_write_bytes(&w, "", 0);
    cr_assert_eq(wire_write_end(&w, &len), 0);
    cr_assert_eq(len, 3u);
    wire_write_bytes(&w, "x", SIZE_MAX);
    cr_assert_eq(wire_write_end(&w, &len), BEAM_ELIMIT);

    wire_write_init(&w, NULL, 0);
    cr_assert_eq(wire_write_end(&w, &len), 0);
    cr_assert_eq(len, 0u);
}

/* Writes random fields, reads the same fields back; then with one byte less. */
BEAM_TEST(wire, random_fields_come_back)
{
    struct seed s = seed_start("wire");
    for (int round = 0; round < 500; round++) {
        uint8_t bytes[512];
        unsigned kinds[40];
        uint64_t values[40];
        size_t n = 1 + seed_below(&s, 40), len = 0;
        struct wire_writer w;
        wire_write_init(&w, bytes, sizeof(bytes));
        for (size_t i = 0; i < n; i++) {
            values[i] = seed_next(&s);
            kinds[i] = (unsigned)seed_below(&s, 5);
            switch (kinds[i]) {
            case 0:
                wire_write_u8(&w, (uint8_t)values[i]);
                break;
            case 1:
                wire_write_be16(&w, (uint16_t)values[i]);
                break;
            case 2:
                wire_write_be32(&w, (uint32_t)values[i]);
                break;
            case 3:
                wire_write_be64(&w, values[i]);
                break;
            default:
                wire_write_bytes(&w, &values[i], sizeof(values[i]));
            }
        }
        BEAM_CHECK(wire_write_end(&w, &len) == 0);
        for (size_t missing = 0; missing < 2; missing++) {
            struct wire_reader r;
            wire_read_init(&r, bytes, len - missing);
            bool same = true;
            for (size_t i = 0; i < n; i++) {
                uint64_t got = 0;
                const uint8_t *p = NULL;
                switch (kinds[i]) {
                case 0:
                    same &= wire_read_u8(&r) == (uint8_t)values[i];
                    break;
                case 1:
                    same &= wire_read_be16(&r) == (uint16_t)values[i];
                    break;
                case 2:
                    same &= wire_read_be32(&r) == (uint32_t)values[i];
                    break;
                case 3:
                    same &= wire_read_be64(&r) == values[i];
                    break;
                default:
                    p = wire_read_bytes(&r, sizeof(got));
                    if (p)
                        memcpy(&got, p, sizeof(got));
                    same &= got == values[i];
                }
            }
            BEAM_CHECK(wire_read_end(&r, true) == (missing ? BEAM_EINVAL : 0));
            BEAM_CHECK(same || missing);
        }
    }
}

BEAM_TEST(wire, varints_are_minimal_and_bounded)
{
    /* The examples of multiformats/unsigned-varint, and both limits. */
    static const struct {
        uint64_t v;
        const char *bytes;
        size_t len;
    } good[] = {
        {0, "\x00", 1},
        {1, "\x01", 1},
        {127, "\x7f", 1},
        {128, "\x80\x01", 2},
        {255, "\xff\x01", 2},
        {300, "\xac\x02", 2},
        {16384, "\x80\x80\x01", 3},
        {INT64_MAX, "\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 9},
        {UINT64_MAX, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10},
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        uint8_t out[10];
        size_t len = 0;
        struct wire_writer w;
        struct wire_reader r;
        wire_write_init(&w, out, sizeof(out));
        wire_write_varint(&w, good[i].v);
        cr_assert_eq(wire_write_end(&w, &len), 0);
        cr_assert_eq(len, good[i].len);
        cr_assert_eq(wire_varint_size(good[i].v), len);
        cr_assert_eq(memcmp(out, good[i].bytes, len), 0);

        wire_read_init(&r, out, len);
        cr_assert_eq(wire_read_varint64(&r), good[i].v);
        cr_assert_eq(wire_read_end(&r, true), 0);
        wire_read_init(&r, out, len);
        bool fits = good[i].v <= INT64_MAX;
        cr_assert_eq(wire_read_varint(&r), fits ? good[i].v : 0u);
        cr_assert_eq(wire_read_end(&r, true), fits ? 0 : BEAM_EINVAL);
        wire_read_init(&r, out, len - 1);
        cr_assert_eq(wire_read_varint64(&r), 0u);
        cr_assert_eq(wire_read_end(&r, false), BEAM_EINVAL, "it is cut");
    }
    static const char *const longer[] = {"\x80\x00", "\x81\x80\x00", "\xff\x00"};
    for (size_t i = 0; i < sizeof(longer) / sizeof(longer[0]); i++) {
        struct wire_reader r;
        wire_read_init(&r, longer[i], strlen(longer[i]) + 1);
        cr_assert_eq(wire_read_varint(&r), 0u);
        cr_assert_eq(wire_read_end(&r, false), BEAM_EINVAL);
    }
}
