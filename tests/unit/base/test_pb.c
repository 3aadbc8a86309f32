/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/pb.h"

#include <string.h>

#include "base/err.h"
#include "tests/unit/harness.h"

BEAM_TEST(pb, fields_come_back)
{
    uint8_t out[64];
    struct wire_writer w;
    size_t len = 0;
    wire_write_init(&w, out, sizeof(out));
    pb_write_number(&w, 1, 150);
    pb_write_bytes(&w, 2, "testing", 7);
    pb_write_number(&w, 3, UINT64_MAX);
    wire_write_bytes(&w, "\x25\x01\x02\x03\x04", 5); /* field 4, 32 bits */
    pb_write_fixed64(&w, 5, 0x0807060504030201);
    cr_assert_eq(wire_write_end(&w, &len), 0);
    cr_assert_eq(memcmp(out + len - 9, "\x29\x01\x02\x03\x04\x05\x06\x07\x08", 9), 0);
    /* The examples of protobuf.dev/programming-guides/encoding. */
    cr_assert_eq(memcmp(out, "\x08\x96\x01\x12\x07testing", 12), 0);
    cr_assert_eq(pb_bytes_size(2, 7), 9u);

    struct pb_reader r;
    struct pb_field f;
    pb_read_init(&r, out, len);
    cr_assert(pb_next(&r, &f) && pb_is(&f, 1, PB_VARINT) && f.value == 150);
    cr_assert(pb_next(&r, &f) && pb_is(&f, 2, PB_BYTES) && f.len == 7 && f.at == out + 5);
    cr_assert(pb_next(&r, &f) && pb_is(&f, 3, PB_VARINT) && f.value == UINT64_MAX);
    cr_assert(pb_next(&r, &f) && pb_is(&f, 4, PB_FIXED32) && f.value == 0x04030201);
    cr_assert(pb_next(&r, &f) && pb_is(&f, 5, PB_FIXED64));
    cr_assert_eq(f.value, UINT64_C(0x0807060504030201));
    cr_assert_not(pb_next(&r, &f));
    cr_assert_eq(pb_end(&r), 0);
}

BEAM_TEST(pb, refuses_what_is_broken)
{
    static const struct {
        const char *what, *bytes;
        size_t len;
    } bad[] = {
        {"a field of number 0", "\x00\x01", 2},
        {"a group", "\x0b\x0c", 2},
        {"wire type 6", "\x0e\x01", 2},
        {"a key without a value", "\x08", 1},
        {"a number that never ends", "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12},
        {"a number of 65 bits", "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11},
        {"a number not minimal", "\x08\x80\x00", 3},
        {"a key not minimal", "\x88\x00\x01", 3},
        {"a field number of 30 bits", "\x80\x80\x80\x80\x10\x01", 6},
        {"bytes longer than the message", "\x0a\x02x", 3},
        {"bytes of 2^64 - 1", "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11},
        {"half of 32 bits", "\x0d\x01\x02", 3},
        {"half of 64 bits", "\x09\x01\x02\x03\x04", 5},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct pb_reader r;
        struct pb_field f;
        pb_read_init(&r, bad[i].bytes, bad[i].len);
        cr_assert_not(pb_next(&r, &f), "%s", bad[i].what);
        cr_assert_not(pb_next(&r, &f), "%s: it sticks", bad[i].what);
        cr_assert_eq(pb_end(&r), BEAM_EINVAL, "%s", bad[i].what);
    }
}

BEAM_TEST(pb, fields_have_a_ceiling)
{
    uint8_t many[2 * (PB_FIELDS_MAX + 1)];
    for (size_t i = 0; i < sizeof(many); i++)
        many[i] = i % 2 ? 0 : 0x08;
    for (size_t extra = 0; extra < 2; extra++) {
        struct pb_reader r;
        struct pb_field f;
        size_t n = 0;
        pb_read_init(&r, many, 2 * (PB_FIELDS_MAX + extra));
        while (pb_next(&r, &f))
            n++;
        cr_assert_eq(n, (size_t)PB_FIELDS_MAX);
        cr_assert_eq(pb_end(&r), extra ? BEAM_ELIMIT : 0);
    }
}

BEAM_TEST(pb, a_refusal_of_the_caller_sticks)
{
    struct pb_reader r;
    struct pb_field f;
    pb_read_init(&r, "\x08\x01\x08\x02", 4);
    cr_assert(pb_next(&r, &f));
    pb_fail(&r, BEAM_EPROTO);
    pb_fail(&r, BEAM_EINVAL);
    cr_assert_not(pb_next(&r, &f));
    cr_assert_eq(pb_end(&r), BEAM_EPROTO, "the first one");
}
