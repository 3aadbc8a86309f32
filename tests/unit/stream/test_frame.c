/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/frame.h"

#include <string.h>

#include "stream/memory.h"
#include "tests/unit/harness.h"
#include "tests/unit/loop/until.h"

enum { MAX = 200, WINDOW = 300, TIMEOUT = 5000 };

struct scene {
    struct loop *loop;
    struct frame *frame;
    struct stream *far;
    struct buf out, in; /* of the far end */
    int messages, err;
    size_t len; /* of the last message */
    uint8_t last[MAX];
    bool more, frees; /* what to do in a message, or when all has gone */
    int flushes;
};

static void on_message(void *arg, const uint8_t *data, size_t len)
{
    struct scene *s = arg;
    s->messages++;
    s->len = len;
    cr_assert_leq(len, sizeof(s->last));
    memcpy(s->last, data, len);
    if (s->frees) {
        frame_free(s->frame);
        s->frame = NULL;
    } else if (s->more) {
        frame_read(s->frame, TIMEOUT);
    }
}

static void on_ended(void *arg, int err)
{
    ((struct scene *)arg)->err = err;
}

static void on_flushed(void *arg)
{
    struct scene *s = arg;
    s->flushes++;
    if (s->frees) {
        frame_free(s->frame);
        s->frame = NULL;
    }
}

static void begin(struct scene *s)
{
    struct stream *near = NULL;
    const struct frame_events events = {
        .message = on_message, .ended = on_ended, .flushed = on_flushed, .arg = s};
    memset(s, 0, sizeof(*s));
    s->loop = until_loop_new();
    buf_init(&s->out, loop_pool(s->loop), 4 * WINDOW);
    buf_init(&s->in, loop_pool(s->loop), 4 * WINDOW);
    cr_assert_eq(stream_memory(s->loop, WINDOW, &near, &s->far), 0);
    cr_assert_eq(frame_new(s->loop, near, MAX, &events, &s->frame), 0);
}

static void end(struct scene *s)
{
    frame_free(s->frame);
    stream_free(s->far);
    buf_clear(&s->in);
    buf_clear(&s->out);
    loop_free(s->loop);
}

static void say(struct scene *s, const void *data, size_t len)
{
    cr_assert_eq(buf_add(&s->out, data, len), 0);
    cr_assert_eq(stream_write(s->far, &s->out), (ssize_t)len);
}

static bool spoke_or_ended(void *arg)
{
    struct scene *s = arg;
    return s->messages > 0 || s->err < 0;
}

static bool ended(void *arg)
{
    return ((struct scene *)arg)->err < 0;
}

BEAM_TEST(frame, a_message_comes_whole_and_nothing_behind_it_is_taken)
{
    struct scene s;
    begin(&s);
    frame_read(s.frame, TIMEOUT);
    say(&s, "\x03", 1);
    cr_assert_eq(loop_turn(s.loop), 0);
    say(&s, "ab", 2);
    cr_assert_eq(loop_turn(s.loop), 0);
    cr_expect_eq(s.messages, 0);
    say(&s, "cdef", 4);
    cr_assert(until(s.loop, spoke_or_ended, &s));
    cr_expect_eq(s.len, 3u);
    cr_expect_eq(memcmp(s.last, "abc", 3), 0);
    struct stream *under = frame_take(s.frame);
    s.frame = NULL;
    cr_expect_eq(stream_read(under, &s.in, 99), 3);
    stream_free(under);
    end(&s);
}

BEAM_TEST(frame, one_after_another_of_all_lengths)
{
    struct scene s;
    uint8_t bytes[2 + MAX] = {0xc8, 0x01};
    begin(&s);
    s.more = true;
    frame_read(s.frame, TIMEOUT);
    say(&s, "\x01x", 2);
    say(&s, bytes, sizeof(bytes));
    say(&s, "\x01y", 2);
    cr_expect_eq(stream_shut(s.far), 0);
    cr_assert(until(s.loop, ended, &s));
    cr_expect_eq(s.messages, 3);
    cr_expect_eq(s.last[0], 'y');
    cr_expect_eq(s.err, BEAM_ECLOSED, "an end between two messages is one in order");
    end(&s);
}

static int outcome(const char *bytes, size_t len, bool close)
{
    struct scene s;
    begin(&s);
    frame_read(s.frame, TIMEOUT);
    say(&s, bytes, len);
    if (close)
        stream_shut(s.far);
    cr_assert(until(s.loop, spoke_or_ended, &s));
    int err = s.err;
    end(&s);
    return err;
}

BEAM_TEST(frame, what_is_no_message_ends_it)
{
    cr_assert_eq(outcome("\x00", 1, false), BEAM_EPROTO, "a length of 0");
    cr_assert_eq(outcome("\x81\x00", 2, false), BEAM_EPROTO, "a length that is not minimal");
    cr_assert_eq(outcome("\xc9\x01", 2, false), BEAM_ELIMIT, "a byte too long");
    cr_assert_eq(outcome("\xff\xff\xff\xff", 4, false), BEAM_ELIMIT, "a length without an end");
    cr_assert_eq(outcome("\x80", 1, true), BEAM_EPROTO, "half a length");
    cr_assert_eq(outcome("\x03"
                         "a",
                         2, true),
                 BEAM_EPROTO, "half a message");
    cr_assert_eq(outcome("\x01"
                         "a",
                         2, true),
                 0);
}

static bool spoke_three_times(void *arg)
{
    return ((struct scene *)arg)->messages == 3;
}

BEAM_TEST(frame, one_of_no_bytes_is_a_message_where_that_is_allowed)
{
    struct scene s;
    begin(&s);
    cr_expect_eq(frame_send(s.frame, "", 0), BEAM_ELIMIT);
    frame_allow_empty(s.frame);
    s.more = true;
    s.len = 99;
    frame_read(s.frame, TIMEOUT);
    say(&s, "\x00", 1);
    cr_assert(until(s.loop, spoke_or_ended, &s));
    cr_expect_eq(s.len, 0u);
    say(&s,
        "\x01"
        "a\x00",
        3);
    cr_assert(until(s.loop, spoke_three_times, &s), "and others as before");
    cr_assert_eq(frame_send(s.frame, "", 0), 0);
    cr_expect_eq(stream_read(s.far, &s.in, 9), 1);
    end(&s);
}

BEAM_TEST(frame, one_that_does_not_come_whole_in_time)
{
    struct scene s;
    begin(&s);
    frame_read(s.frame, 20);
    say(&s, "\x03", 1);
    cr_assert(until(s.loop, ended, &s));
    cr_expect_eq(s.err, BEAM_ETIMEOUT);
    end(&s);
}

BEAM_TEST(frame, may_be_freed_within)
{
    struct scene s;
    begin(&s);
    s.frees = true;
    frame_read(s.frame, TIMEOUT);
    say(&s, "\x01x\x01y", 4);
    cr_assert(until(s.loop, spoke_or_ended, &s));
    cr_expect_null(s.frame);
    end(&s);
}

static bool all_arrived(void *arg)
{
    struct scene *s = arg;
    ssize_t n;
    while ((n = stream_read(s->far, &s->in, 999)) > 0)
        continue;
    return n == BEAM_ECLOSED;
}

BEAM_TEST(frame, sends_as_fast_as_they_are_taken)
{
    struct scene s;
    uint8_t bytes[MAX] = {7}, got[2];
    begin(&s);
    int err = 0;
    for (int i = 0; i < 5; i++)
        err |= frame_send(s.frame, bytes, sizeof(bytes));
    cr_expect_eq(err, 0);
    cr_expect_eq(frame_send(s.frame, bytes, sizeof(bytes)), BEAM_ELIMIT, "too much is waiting");
    cr_expect_eq(frame_send(s.frame, bytes, 0), BEAM_ELIMIT);
    frame_shut(s.frame);
    cr_assert(until(s.loop, all_arrived, &s));
    cr_expect_eq(buf_len(&s.in), 5u * (2 + MAX));
    buf_peek(&s.in, 0, got, sizeof(got));
    cr_expect(got[0] == 0xc8 && got[1] == 0x01);
    end(&s);
}

BEAM_TEST(frame, says_when_all_has_been_taken)
{
    for (int frees = 0; frees < 2; frees++) {
        struct scene s;
        uint8_t bytes[MAX] = {7};
        begin(&s);
        s.frees = frees > 0;
        cr_expect_eq(frame_send(s.frame, bytes, sizeof(bytes)), 0);
        cr_expect_eq(frame_unsent(s.frame), 0u);
        cr_expect_eq(frame_send(s.frame, bytes, sizeof(bytes)), 0);
        cr_expect_gt(frame_unsent(s.frame), 0u);
        frame_shut(s.frame);
        if (frees)
            frame_read(s.frame, TIMEOUT);
        cr_assert(until(s.loop, all_arrived, &s));
        cr_expect_eq(s.flushes, 1);
        cr_expect(!frees == (s.frame != NULL));
        end(&s);
    }
}
