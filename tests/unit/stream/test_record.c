/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/record.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "tests/unit/harness.h"

static const uint8_t key[NOISE_KEY_SIZE] = {1, 2, 3};

struct desk {
    struct buf_pool *pool;
    struct record *seals, *opens;
    struct buf plain, wire, got;
};

static void desk_open(struct desk *d)
{
    memset(d, 0, sizeof(*d));
    cr_assert_eq(buf_pool_new(4, &d->pool), 0);
    cr_assert_not_null(d->pool);
    cr_assert_eq(record_new(key, true, &d->seals), 0);
    cr_assert_eq(record_new(key, false, &d->opens), 0);
    buf_init(&d->plain, d->pool, SIZE_MAX);
    buf_init(&d->wire, d->pool, SIZE_MAX);
    buf_init(&d->got, d->pool, SIZE_MAX);
}

static void desk_close(struct desk *d)
{
    buf_clear(&d->plain);
    buf_clear(&d->wire);
    buf_clear(&d->got);
    record_free(d->seals);
    record_free(d->opens);
    cr_assert_eq(buf_pool_used(d->pool), 0u);
    buf_pool_free(d->pool);
}

static void fill(struct buf *b, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = (uint8_t)(i * 7 + i / 256);
        cr_assert_eq(buf_add(b, &byte, 1), 0);
    }
}

static void seal_text(struct desk *d, const char *text)
{
    cr_assert_eq(buf_add(&d->plain, text, strlen(text)), 0);
    cr_assert_eq(record_seal(d->seals, &d->plain, &d->wire), (ssize_t)strlen(text));
}

static void gets_text(struct desk *d, const char *text)
{
    char got[64];
    cr_assert_eq(record_open(d->opens, &d->wire, &d->got), (ssize_t)strlen(text));
    cr_assert_eq(buf_peek(&d->got, 0, got, sizeof(got)), strlen(text));
    cr_assert_eq(memcmp(got, text, strlen(text)), 0);
    buf_clear(&d->got);
}

BEAM_TEST(record, the_wire_format)
{
    struct desk d;
    uint8_t head[2];
    desk_open(&d);
    seal_text(&d, "first");
    cr_assert_eq(buf_len(&d.wire), 5u + RECORD_OVERHEAD);
    cr_assert_eq(buf_peek(&d.wire, 0, head, 2), 2u);
    cr_assert(head[0] == 0 && head[1] == 5 + NOISE_TAG_SIZE);
    seal_text(&d, "second");
    gets_text(&d, "first");
    gets_text(&d, "second");
    cr_assert_eq(record_open(d.opens, &d.wire, &d.got), BEAM_EAGAIN);
    desk_close(&d);
}

BEAM_TEST(record, as_large_as_there_are_bytes_and_a_record_takes)
{
    static const size_t sizes[] = {1, 1000, RECORD_PLAIN_MAX - 1, RECORD_PLAIN_MAX};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct desk d;
        uint8_t *got = malloc(sizes[i]);
        cr_assert_not_null(got);
        desk_open(&d);
        fill(&d.plain, sizes[i]);
        cr_assert_eq(record_seal(d.seals, &d.plain, &d.wire), (ssize_t)sizes[i]);
        cr_assert_eq(buf_len(&d.plain), 0u);
        cr_assert_eq(record_open(d.opens, &d.wire, &d.got), (ssize_t)sizes[i]);
        cr_assert_eq(buf_peek(&d.got, 0, got, sizes[i]), sizes[i]);
        for (size_t k = 0; k < sizes[i]; k++)
            cr_assert_eq(got[k], (uint8_t)(k * 7 + k / 256));
        free(got);
        desk_close(&d);
    }
    struct desk d;
    desk_open(&d);
    fill(&d.plain, RECORD_PLAIN_MAX + 1);
    cr_assert_eq(record_seal(d.seals, &d.plain, &d.wire), RECORD_PLAIN_BULK);
    cr_assert_eq(record_seal(d.seals, &d.plain, &d.wire), RECORD_PLAIN_MAX + 1 - RECORD_PLAIN_BULK);
    cr_assert_eq(record_seal(d.seals, &d.plain, &d.wire), BEAM_EINVAL);
    desk_close(&d);
}

/* More pieces than are looked at in one go: several records out, one record in. */
BEAM_TEST(record, of_many_pieces)
{
    struct desk d;
    struct buf other, scattered;
    size_t sent = 0;
    desk_open(&d);
    buf_init(&other, d.pool, SIZE_MAX);
    buf_init(&scattered, d.pool, SIZE_MAX);
    for (int i = 0; i < 200; i++) {
        cr_assert_eq(buf_add(&d.plain, "ab", 2), 0);
        cr_assert_eq(buf_add(&other, "-", 1), 0); /* so that the next one is no neighbour */
    }
    while (buf_len(&d.plain) > 0) {
        ssize_t n = record_seal(d.seals, &d.plain, &d.wire);
        cr_assert_gt(n, 0);
        sent += (size_t)n;
    }
    cr_assert_eq(sent, 400u);
    while (record_open(d.opens, &d.wire, &d.got) > 0)
        ;
    cr_assert_eq(buf_len(&d.got), 400u);
    buf_clear(&d.got);
    buf_clear(&other);
    seal_text(&d, "................................................................"
                  "................................................................");
    while (buf_len(&d.wire) > 0) {
        cr_assert_eq(buf_move(&scattered, &d.wire, 1), 0);
        cr_assert_eq(buf_add(&other, "-", 1), 0);
    }
    cr_assert_eq(record_open(d.opens, &scattered, &d.got), 128);
    cr_assert_eq(buf_find(&d.got, 0, 128, '-'), -1);
    buf_clear(&other);
    buf_clear(&scattered);
    desk_close(&d);
}

BEAM_TEST(record, byte_by_byte)
{
    struct desk d;
    struct buf part;
    desk_open(&d);
    buf_init(&part, d.pool, SIZE_MAX);
    seal_text(&d, "slowly");
    while (buf_len(&d.wire) > 0) {
        cr_assert_eq(record_open(d.opens, &part, &d.got), BEAM_EAGAIN);
        cr_assert_eq(buf_move(&part, &d.wire, 1), 0);
    }
    cr_assert_eq(record_open(d.opens, &part, &d.got), 6);
    desk_close(&d);
}

static ssize_t opens(struct desk *d, const uint8_t *bytes, size_t len)
{
    buf_clear(&d->wire);
    cr_assert_eq(buf_add(&d->wire, bytes, len), 0);
    ssize_t n = record_open(d->opens, &d->wire, &d->got);
    if (n < 0)
        cr_assert_eq(buf_len(&d->got), 0u);
    buf_clear(&d->got);
    return n;
}

BEAM_TEST(record, repeated_reordered_or_changed_is_not_authentic)
{
    struct desk d;
    uint8_t one[64], two[64];
    desk_open(&d);
    seal_text(&d, "first");
    size_t len = buf_peek(&d.wire, 0, one, sizeof(one));
    buf_clear(&d.wire);
    seal_text(&d, "again");
    cr_assert_eq(buf_peek(&d.wire, 0, two, sizeof(two)), len);
    cr_assert_eq(opens(&d, two, len), BEAM_EPROTO);
    desk_close(&d);

    desk_open(&d);
    cr_assert_eq(opens(&d, one, len), 5);
    cr_assert_eq(opens(&d, one, len), BEAM_EPROTO);
    desk_close(&d);

    for (size_t i = 2; i < len; i++) {
        desk_open(&d);
        one[i] ^= 1;
        cr_assert_eq(opens(&d, one, len), BEAM_EPROTO);
        one[i] ^= 1;
        desk_close(&d);
    }
}

BEAM_TEST(record, lengths_at_their_limits)
{
    struct desk d;
    const uint8_t none[] = {0, 0}, short_one[2 + 15] = {0, 15}, empty[2 + 16] = {0, 16};
    desk_open(&d);
    cr_assert_eq(opens(&d, none, sizeof(none)), BEAM_EPROTO);
    cr_assert_eq(opens(&d, short_one, sizeof(short_one)), BEAM_EPROTO);
    cr_assert_eq(opens(&d, empty, sizeof(empty) - 1), BEAM_EAGAIN);
    cr_assert_eq(opens(&d, empty, sizeof(empty)), BEAM_EPROTO);
    desk_close(&d);

    desk_open(&d);
    struct buf small;
    buf_init(&small, d.pool, 4);
    seal_text(&d, "longer");
    cr_assert_eq(record_open(d.opens, &d.wire, &small), BEAM_ELIMIT);
    cr_assert_eq(buf_len(&d.wire), 6u + RECORD_OVERHEAD);
    gets_text(&d, "longer");
    buf_init(&small, d.pool, RECORD_MAX - 1);
    cr_assert_eq(buf_add(&d.plain, "x", 1), 0);
    cr_assert_eq(record_seal(d.seals, &d.plain, &small), BEAM_ELIMIT);
    cr_assert_eq(buf_len(&d.plain), 1u);
    desk_close(&d);
    record_free(NULL);
}
