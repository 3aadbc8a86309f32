/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/noise_stream.h"

#include <sodium.h>
#include <string.h>

#include "stream/memory.h"
#include "tests/unit/harness.h"
#include "tests/unit/loop/until.h"
#include "tests/unit/stream/secure_pair.h"

/* A sealed stream, and somebody at the other end who has the keys and writes what he likes. */
struct scene {
    struct loop *loop;
    struct stream *near, *wire;
    struct record *seals, *opens;
    struct buf bytes, got;
    unsigned calls;
};

static void note_call(void *arg, struct stream *s, unsigned ready)
{
    (void)s;
    ((struct scene *)arg)->calls |= ready;
}

static void finish(struct noise *a, struct noise *b)
{
    uint8_t message[128];
    size_t len, none;
    for (int i = 0; i < 3; i++) {
        struct noise *from = i == 1 ? b : a, *to = i == 1 ? a : b;
        cr_assert_eq(noise_write(from, NULL, 0, message, sizeof(message), &len), 0);
        cr_assert_eq(noise_read(to, message, len, NULL, 0, &none), 0);
    }
}

static void scene_open(struct scene *s, size_t window)
{
    struct noise *a = NULL, *b = NULL;
    struct stream *under = NULL;
    memset(s, 0, sizeof(*s));
    cr_assert_geq(sodium_init(), 0);
    s->loop = until_loop_new();
    cr_assert_eq(noise_new(true, NULL, 0, rng_system(), &a), 0);
    cr_assert_eq(noise_new(false, NULL, 0, rng_system(), &b), 0);
    finish(a, b);
    cr_assert_eq(stream_memory(s->loop, window, &under, &s->wire), 0);
    cr_assert_eq(stream_noise(s->loop, under, a, &s->near), 0);
    cr_assert_eq(record_new(noise_send_key(b), true, &s->seals), 0);
    cr_assert_eq(record_new(noise_receive_key(b), false, &s->opens), 0);
    noise_free(a);
    noise_free(b);
    stream_own(s->near, note_call, s);
    buf_init(&s->bytes, loop_pool(s->loop), SIZE_MAX);
    buf_init(&s->got, loop_pool(s->loop), SIZE_MAX);
}

static void scene_close(struct scene *s)
{
    stream_free(s->near);
    stream_free(s->wire);
    record_free(s->seals);
    record_free(s->opens);
    buf_clear(&s->bytes);
    buf_clear(&s->got);
    cr_assert_eq(loop_turn(s->loop), 0);
    loop_free(s->loop);
}

/* Seals the text and gives its record. */
static size_t record_of(struct scene *s, const char *text, uint8_t out[128])
{
    struct buf plain, sealed;
    buf_init(&plain, loop_pool(s->loop), 100);
    buf_init(&sealed, loop_pool(s->loop), 2 * RECORD_MAX);
    cr_assert_eq(buf_add(&plain, text, strlen(text)), 0);
    cr_assert_gt(record_seal(s->seals, &plain, &sealed), 0);
    size_t len = buf_peek(&sealed, 0, out, 128);
    buf_clear(&sealed);
    return len;
}

static void sends(struct scene *s, const uint8_t *bytes, size_t len)
{
    cr_assert_eq(buf_add(&s->bytes, bytes, len), 0);
    cr_assert_eq(stream_write(s->wire, &s->bytes), (ssize_t)len);
}

/* The stream is dead, and its peer was told. */
static void has_ended(struct scene *s, int err)
{
    cr_assert_eq(stream_read(s->near, &s->got, 100), err);
    cr_assert_eq(buf_add(&s->bytes, "x", 1), 0);
    cr_assert_eq(stream_write(s->near, &s->bytes), err);
    cr_assert_eq(stream_shut(s->near), err);
    cr_assert_eq(stream_unsent(s->near), 0u);
    buf_clear(&s->bytes);
    cr_assert_eq(stream_read(s->wire, &s->bytes, 100), BEAM_ERESET);
}

BEAM_TEST(sealed, a_record_that_comes_again_ends_it)
{
    struct scene s;
    uint8_t record[128];
    scene_open(&s, 50000);
    size_t len = record_of(&s, "once", record);
    sends(&s, record, len);
    cr_assert_eq(stream_read(s.near, &s.got, 100), 4);
    sends(&s, record, len);
    has_ended(&s, BEAM_EPROTO);
    scene_close(&s);
}

BEAM_TEST(sealed, records_in_another_order_end_it)
{
    struct scene s;
    uint8_t first[128], second[128];
    scene_open(&s, 50000);
    size_t len = record_of(&s, "first", first), other = record_of(&s, "second", second);
    sends(&s, second, other);
    sends(&s, first, len);
    has_ended(&s, BEAM_EPROTO);
    cr_assert_eq(buf_len(&s.got), 0u);
    scene_close(&s);
}

BEAM_TEST(sealed, a_record_that_is_too_short_ends_it)
{
    struct scene s;
    static const uint8_t record[] = {0, NOISE_TAG_SIZE - 1};
    scene_open(&s, 50000);
    sends(&s, record, sizeof(record));
    has_ended(&s, BEAM_EPROTO);
    scene_close(&s);
}

/* What came whole is read; what did not is no end in order. */
BEAM_TEST(sealed, an_end_within_a_record_is_none)
{
    struct scene s;
    uint8_t record[128];
    for (size_t cut = 0; cut < 5 + RECORD_OVERHEAD; cut++) {
        scene_open(&s, 50000);
        size_t len = record_of(&s, "whole", record);
        sends(&s, record, len);
        len = record_of(&s, "again", record);
        sends(&s, record, cut);
        cr_assert_eq(stream_shut(s.wire), 0);
        cr_assert_eq(stream_read(s.near, &s.got, 100), 5);
        cr_assert_eq(stream_read(s.near, &s.got, 100), cut == 0 ? BEAM_ECLOSED : BEAM_ERESET);
        cr_assert_eq(buf_len(&s.got), 5u);
        scene_close(&s);
    }
}

/* Empty records are in order, and no end; nobody is kept busy by them. */
BEAM_TEST(sealed, empty_records)
{
    struct scene s;
    struct noise *a = NULL, *b = NULL;
    uint8_t nonce[12] = {0}, record[RECORD_OVERHEAD] = {0, NOISE_TAG_SIZE};
    scene_open(&s, SIZE_MAX);
    stream_free(s.near);
    stream_free(s.wire);
    cr_assert_eq(noise_new(true, NULL, 0, rng_system(), &a), 0);
    cr_assert_eq(noise_new(false, NULL, 0, rng_system(), &b), 0);
    finish(a, b);
    struct stream *under = NULL;
    cr_assert_eq(stream_memory(s.loop, SIZE_MAX, &under, &s.wire), 0);
    cr_assert_eq(stream_noise(s.loop, under, a, &s.near), 0);
    stream_own(s.near, note_call, &s);
    for (int i = 0; i < 3; i++) {
        nonce[4] = (uint8_t)i;
        crypto_aead_chacha20poly1305_ietf_encrypt(record + 2, NULL, NULL, 0, NULL, 0, NULL, nonce,
                                                  noise_send_key(b));
        sends(&s, record, sizeof(record));
    }
    noise_free(a);
    noise_free(b);
    cr_assert_eq(stream_read(s.near, &s.got, 100), BEAM_EAGAIN);
    cr_assert_eq(stream_shut(s.wire), 0);
    cr_assert_eq(loop_turn(s.loop), 0);
    cr_assert_eq(s.calls, (unsigned)STREAM_READABLE);
    cr_assert_eq(stream_read(s.near, &s.got, 100), BEAM_ECLOSED);
    scene_close(&s);
}

/* Freed while the stream below is full. */
static void frees_with_a_record_in_hand(struct scene *s)
{
    scene_open(s, 10);
    cr_assert_eq(buf_add(&s->bytes, "goodbye", 7), 0);
    cr_assert_eq(stream_write(s->near, &s->bytes), 7);
    cr_assert_eq(stream_unsent(s->near), 7u + RECORD_OVERHEAD - 10);
    stream_free(s->near);
    s->near = NULL;
}

BEAM_TEST(sealed, delivers_after_it_was_freed)
{
    struct scene s;
    ssize_t n;
    frees_with_a_record_in_hand(&s);
    while ((n = stream_read(s.wire, &s.bytes, 100)) != BEAM_ECLOSED) {
        cr_assert(n > 0 || n == BEAM_EAGAIN);
        cr_assert_eq(loop_turn(s.loop), 0);
    }
    cr_assert_eq(record_open(s.opens, &s.bytes, &s.got), 7);
    scene_close(&s);
}

/* Nothing is left of it when its peer, or the loop, goes before that. */
BEAM_TEST(sealed, does_not_outlive_its_peer_or_the_loop)
{
    struct scene s;
    frees_with_a_record_in_hand(&s);
    stream_reset(s.wire);
    cr_assert_eq(loop_turn(s.loop), 0);
    cr_assert_eq(buf_pool_used(loop_pool(s.loop)), 0u);
    scene_close(&s);

    frees_with_a_record_in_hand(&s);
    cr_assert_gt(buf_pool_used(loop_pool(s.loop)), 0u);
    stream_free(s.wire);
    record_free(s.seals);
    record_free(s.opens);
    loop_free(s.loop);
}

/* Several records are handed down at a time, and no more than a batch waits. */
BEAM_TEST(sealed, holds_one_batch)
{
    struct scene s;
    static const uint8_t zeros[6 * RECORD_MAX];
    const size_t batch = 5 * (RECORD_PLAIN_BULK + RECORD_OVERHEAD);
    scene_open(&s, 1000);
    cr_assert_eq(buf_add(&s.bytes, zeros, sizeof(zeros)), 0);
    cr_assert_eq(stream_write(s.near, &s.bytes), 5 * RECORD_PLAIN_BULK);
    cr_assert_eq(stream_write(s.near, &s.bytes), BEAM_EAGAIN);
    cr_assert_eq(stream_unsent(s.near), batch - 1000);
    stream_reset(s.near);
    scene_close(&s);
}

BEAM_TEST(sealed, what_it_makes_of_its_bytes_below_is_counted)
{
    enum { HEAD_AND_TAG = 2 + 16 };
    struct scene s;
    uint8_t record[128];
    scene_open(&s, 65536);
    cr_expect_eq(stream_below(s.near), 0u);
    cr_expect_eq(stream_below(s.wire), 0u, "which is on no other");
    cr_assert_eq(buf_add(&s.bytes, "hello", 5), 0);
    cr_assert_eq(stream_write(s.near, &s.bytes), 5);
    cr_expect_eq(stream_below(s.near), 5u + HEAD_AND_TAG);
    for (unsigned i = 1; i <= 2; i++) {
        size_t len = record_of(&s, "hello", record);
        cr_assert_eq(buf_add(&s.bytes, record, len), 0);
        cr_assert_eq(stream_write(s.wire, &s.bytes), (ssize_t)len);
        cr_assert_eq(stream_read(s.near, &s.got, 100), 5);
        cr_expect_eq(stream_below(s.near), (uint64_t)i * len, "the direction that had more");
    }
    scene_close(&s);
}
