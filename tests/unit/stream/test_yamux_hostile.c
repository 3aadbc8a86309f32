/* SPDX-License-Identifier: BSD-3-Clause */
/* A session whose peer is the test itself, that says what no peer should. */
#include <string.h>

#include "stream/memory.h"
#include "stream/yamux_frame.h"
#include "stream/yamux_window.h"
#include "tests/suite/muxed.h"
#include "tests/unit/harness.h"
#include "tests/unit/loop/until.h"

enum { ROOM = 16 * 1024 * 1024 };

struct scene {
    struct loop *loop;
    struct stream *peer; /* what the test says and hears */
    struct muxed_end end;
    struct buf said, heard;
    bool deaf; /* the peer does not read */
};

static void scene_open(struct scene *s, size_t window)
{
    struct stream *under;
    *s = (struct scene){.loop = until_loop_new()};
    cr_assert_eq(stream_memory(s->loop, window, &under, &s->peer), 0);
    buf_init(&s->said, loop_pool(s->loop), ROOM);
    buf_init(&s->heard, loop_pool(s->loop), ROOM);
    muxed_end_open(&s->end, s->loop, under, false); /* the test's ids are odd */
}

static void scene_close(struct scene *s)
{
    stream_free(s->end.opened);
    yamux_free(s->end.y);
    stream_free(s->peer);
    buf_clear(&s->said);
    buf_clear(&s->heard);
    cr_assert_eq(loop_turn(s->loop), 0);
    cr_assert_eq(buf_pool_used(loop_pool(s->loop)), 0u);
    loop_free(s->loop);
}

static void say_bytes(struct scene *s, const void *bytes, size_t len)
{
    cr_assert_eq(buf_add(&s->said, bytes, len), 0);
}

static void say(struct scene *s, enum yamux_type type, unsigned flags, uint32_t stream,
                uint32_t length)
{
    uint8_t head[YAMUX_HEAD];
    yamux_frame_put(&(struct yamux_frame){type, flags, stream, length}, head);
    say_bytes(s, head, sizeof(head));
}

static void say_data(struct scene *s, unsigned flags, uint32_t stream, size_t length)
{
    static const uint8_t zeros[4096];
    say(s, YAMUX_DATA, flags, stream, (uint32_t)length);
    for (size_t n; length > 0; length -= n) {
        n = length < sizeof(zeros) ? length : sizeof(zeros);
        say_bytes(s, zeros, n);
    }
}

/* Some turns, in which all is said that is taken, and all is heard. */
static void talk(struct scene *s)
{
    for (int i = 0; i < 50; i++) {
        ssize_t n = stream_write(s->peer, &s->said);
        cr_assert(n >= 0 || n == BEAM_EAGAIN || s->end.closed || n == BEAM_ERESET);
        cr_assert_eq(loop_turn(s->loop), 0);
        while (!s->deaf && stream_read(s->peer, &s->heard, 65536) > 0)
            ;
    }
}

/* Takes the next frame that was heard; its data are drained. */
static struct yamux_frame hear(struct scene *s)
{
    uint8_t head[YAMUX_HEAD];
    struct yamux_frame f;
    cr_assert_eq(buf_peek(&s->heard, 0, head, sizeof(head)), sizeof(head));
    buf_drain(&s->heard, sizeof(head));
    cr_assert_eq(yamux_frame_get(head, &f, NULL), 0);
    if (f.type == YAMUX_DATA)
        buf_drain(&s->heard, f.length);
    return f;
}

static void heard(struct scene *s, enum yamux_type type, unsigned flags, uint32_t stream,
                  uint32_t length)
{
    struct yamux_frame f = hear(s);
    cr_assert(f.type == type && f.flags == flags && f.stream == stream && f.length == length,
              "type %u, flags %u, stream %u, length %u", f.type, f.flags, f.stream, f.length);
}

/* What was said ends the connection, with a reason that has these words. */
static void ends(struct scene *s, int err, const char *words)
{
    talk(s);
    cr_assert(s->end.closed);
    cr_assert_eq(s->end.err, err);
    cr_assert(strstr(s->end.why.text, words), "%s", s->end.why.text);
    scene_close(s);
}

static void goes_on(struct scene *s)
{
    talk(s);
    cr_assert(!s->end.closed, "%s", s->end.why.text);
}

BEAM_TEST(yamux_hostile, bytes_that_are_no_frames)
{
    struct scene s;
    scene_open(&s, ROOM);
    say_bytes(&s, "GET / HTTP/1.1\r\n\r\n", 18);
    ends(&s, BEAM_EPROTO, "version 71");

    scene_open(&s, ROOM);
    say_bytes(&s, "\0\4\0\0\0\0\0\1\0\0\0\0", 12);
    ends(&s, BEAM_EPROTO, "type 4");

    scene_open(&s, ROOM);
    say(&s, YAMUX_WINDOW, 0x20, 1, 0);
    ends(&s, BEAM_EPROTO, "flags 0x20");
}

/* The peer is told, too. */
BEAM_TEST(yamux_hostile, is_told_what_it_did)
{
    struct scene s;
    scene_open(&s, ROOM);
    say(&s, YAMUX_PING, YAMUX_SYN, 0, 77);
    say(&s, YAMUX_DATA, 0, 0, 0);
    talk(&s);
    heard(&s, YAMUX_PING, YAMUX_ACK, 0, 77);
    heard(&s, YAMUX_AWAY, 0, 0, YAMUX_PROTOCOL_ERROR);
    ends(&s, BEAM_EPROTO, "stream 0");
}

BEAM_TEST(yamux_hostile, ids)
{
    struct scene s;
    scene_open(&s, ROOM);
    say(&s, YAMUX_WINDOW, YAMUX_SYN, 2, 0);
    ends(&s, BEAM_EPROTO, "of our half");

    scene_open(&s, ROOM);
    say(&s, YAMUX_WINDOW, YAMUX_SYN, 1, 0);
    say(&s, YAMUX_WINDOW, YAMUX_SYN, 1, 0);
    ends(&s, BEAM_EPROTO, "second time");

    scene_open(&s, ROOM);
    say(&s, YAMUX_WINDOW, YAMUX_SYN, 1, 0);
    say(&s, YAMUX_WINDOW, YAMUX_RST, 1, 0);
    say(&s, YAMUX_WINDOW, YAMUX_SYN, 1, 0);
    ends(&s, BEAM_EPROTO, "second time");

    scene_open(&s, ROOM);
    say_data(&s, 0, 3, 10);
    ends(&s, BEAM_EPROTO, "never opened");

    scene_open(&s, ROOM);
    say(&s, YAMUX_WINDOW, YAMUX_ACK, 2, 0);
    ends(&s, BEAM_EPROTO, "never opened");
}

BEAM_TEST(yamux_hostile, window_overrun)
{
    struct scene s;
    scene_open(&s, ROOM);
    say(&s, YAMUX_WINDOW, YAMUX_SYN, 1, 0);
    say_data(&s, 0, 1, YAMUX_WINDOW_FIRST);
    goes_on(&s);
    cr_assert_not_null(s.end.opened);
    say_data(&s, 0, 1, 1);
    ends(&s, BEAM_EPROTO, "1 bytes of stream 1, of which 0 were granted");

    scene_open(&s, ROOM);
    say(&s, YAMUX_WINDOW, YAMUX_SYN, 1, 0);
    say_data(&s, 0, 1, YAMUX_WINDOW_FIRST + 1);
    ends(&s, BEAM_EPROTO, "of which 262144 were granted");

    scene_open(&s, ROOM);
    say(&s, YAMUX_DATA, YAMUX_SYN, 1, UINT32_MAX);
    ends(&s, BEAM_EPROTO, "no window is that large");
}

/* Of a stream that is gone, nothing is kept; but it cannot be used to send without end at once. */
BEAM_TEST(yamux_hostile, data_of_a_stream_that_is_gone)
{
    struct scene s;
    scene_open(&s, ROOM);
    say(&s, YAMUX_WINDOW, YAMUX_SYN, 1, 0);
    goes_on(&s);
    stream_reset(s.end.opened);
    say_data(&s, 0, 1, 100000);
    say_data(&s, YAMUX_FIN, 1, 100);
    say(&s, YAMUX_WINDOW, 0, 1, 100);
    goes_on(&s);
    heard(&s, YAMUX_WINDOW, YAMUX_ACK, 1, 0);
    heard(&s, YAMUX_WINDOW, YAMUX_RST, 1, 0);
    cr_assert_eq(buf_len(&s.heard), 0u);
    say(&s, YAMUX_DATA, 0, 1, 16 * 1024 * 1024 + 1);
    ends(&s, BEAM_EPROTO, "no window is that large");
}

BEAM_TEST(yamux_hostile, windows_that_overflow)
{
    struct scene s;
    scene_open(&s, ROOM);
    say(&s, YAMUX_WINDOW, YAMUX_SYN, 1, UINT32_MAX - YAMUX_WINDOW_FIRST);
    goes_on(&s);
    say(&s, YAMUX_WINDOW, 0, 1, 1);
    ends(&s, BEAM_EPROTO, "overflows");
}

BEAM_TEST(yamux_hostile, data_after_the_end)
{
    struct scene s;
    scene_open(&s, ROOM);
    say(&s, YAMUX_WINDOW, YAMUX_SYN, 1, 0);
    say_data(&s, YAMUX_FIN, 1, 10);
    say(&s, YAMUX_WINDOW, YAMUX_FIN, 1, 0);
    goes_on(&s);
    say_data(&s, 0, 1, 10);
    ends(&s, BEAM_EPROTO, "after its end");
}

/* Data that come with the end, with the beginning, or with both, are all there. */
BEAM_TEST(yamux_hostile, data_that_come_with_flags)
{
    struct scene s;
    struct buf got;
    scene_open(&s, ROOM);
    say_data(&s, YAMUX_SYN | YAMUX_FIN, 1, 1000);
    goes_on(&s);
    buf_init(&got, loop_pool(s.loop), 2000);
    cr_assert_eq(stream_read(s.end.opened, &got, 2000), 1000);
    cr_assert_eq(stream_read(s.end.opened, &got, 2000), BEAM_ECLOSED);
    buf_clear(&got);
    scene_close(&s);
}

/* Not told of to anybody, it is gone again. */
BEAM_TEST(yamux_hostile, opened_and_reset_at_once)
{
    struct scene s;
    scene_open(&s, ROOM);
    for (uint32_t id = 1; id < 20000; id += 2) {
        say_data(&s, YAMUX_SYN, id, 10);
        say(&s, YAMUX_WINDOW, YAMUX_RST, id, 0);
    }
    say(&s, YAMUX_WINDOW, YAMUX_SYN | YAMUX_RST, 30001, 0);
    goes_on(&s);
    cr_assert_eq(yamux_streams(s.end.y), s.end.opened ? 1u : 0u);
    scene_close(&s);
}

static void free_it(void *arg, struct stream *s)
{
    (void)arg;
    stream_free(s);
}

BEAM_TEST(yamux_hostile, opens_for_ever)
{
    struct scene s;
    scene_open(&s, 30000);
    s.end.on_stream = free_it;
    for (uint32_t id = 1; id < 40000; id += 2)
        say(&s, YAMUX_WINDOW, YAMUX_SYN, id, 0);
    talk(&s);
    cr_assert_eq(s.end.streams, 1024u);
    cr_assert(s.end.closed && s.end.err == BEAM_EPROTO);
    cr_assert(strstr(s.end.why.text, "opens streams for ever"));
    scene_close(&s);
}

/* It makes us answer and reads none of it. */
BEAM_TEST(yamux_hostile, does_not_read_answers)
{
    struct scene s;
    scene_open(&s, 1000);
    s.deaf = true;
    for (uint32_t i = 0; i < 20000; i++)
        say(&s, YAMUX_PING, YAMUX_SYN, 0, i);
    for (int i = 0; i < 200 && !s.end.closed; i++)
        talk(&s);
    ends(&s, BEAM_ELIMIT, "does not read the answers");
}

BEAM_TEST(yamux_hostile, stops_reading)
{
    struct scene s;
    struct buf bulk;
    struct stream *ours = NULL;
    scene_open(&s, 1000);
    yamux_free(s.end.y);
    stream_free(s.peer);
    struct stream *under;
    cr_assert_eq(stream_memory(s.loop, 1000, &under, &s.peer), 0);
    s.end.spec.stall_ms = 50;
    muxed_end_open(&s.end, s.loop, under, false);
    s.deaf = true;
    cr_assert_eq(yamux_open(s.end.y, &ours), 0);
    buf_init(&bulk, loop_pool(s.loop), 100000);
    for (int i = 0; i < 100; i++)
        cr_assert_eq(buf_add(&bulk, s.end.why.text, 500), 0);
    cr_assert_eq(stream_write(ours, &bulk), 50000);
    cr_assert(until_flag(s.loop, &s.end.closed));
    cr_assert_eq(stream_write(ours, &bulk), BEAM_ETIMEOUT);
    stream_free(ours);
    ends(&s, BEAM_ETIMEOUT, "has taken nothing");
}

BEAM_TEST(yamux_hostile, ends)
{
    struct scene s;
    scene_open(&s, ROOM);
    stream_shut(s.peer);
    ends(&s, BEAM_ECLOSED, "has closed");

    scene_open(&s, ROOM);
    say_bytes(&s, "\0\1", 2);
    talk(&s);
    stream_shut(s.peer);
    ends(&s, BEAM_ERESET, "midst of a frame");

    scene_open(&s, ROOM);
    say(&s, YAMUX_AWAY, 0, 0, YAMUX_PROTOCOL_ERROR);
    ends(&s, BEAM_ERESET, "we broke the protocol");

    scene_open(&s, ROOM);
    say(&s, YAMUX_AWAY, 0, 0, UINT32_MAX);
    ends(&s, BEAM_ERESET, "code 4294967295");
}

/* No more than 256 of our streams are announced and not acknowledged, in the order of opening. */
BEAM_TEST(yamux_hostile, never_acknowledges)
{
    struct scene s;
    struct stream *ours[300];
    scene_open(&s, ROOM);
    for (size_t i = 0; i < 300; i++)
        cr_assert_eq(yamux_open(s.end.y, &ours[i]), 0);
    goes_on(&s);
    for (uint32_t i = 0; i < 256; i++)
        heard(&s, YAMUX_WINDOW, YAMUX_SYN, 2 + 2 * i, 0);
    cr_assert_eq(buf_len(&s.heard), 0u);
    stream_free(ours[299]); /* not even announced */
    stream_reset(ours[298]);
    say(&s, YAMUX_WINDOW, YAMUX_ACK, 4, 0);
    say(&s, YAMUX_WINDOW, YAMUX_RST, 8, 0);
    say_data(&s, 0, 16, 3);
    goes_on(&s);
    for (uint32_t i = 256; i < 259; i++)
        heard(&s, YAMUX_WINDOW, YAMUX_SYN, 2 + 2 * i, 0);
    cr_assert_eq(buf_len(&s.heard), 0u);
    for (size_t i = 0; i < 299; i++)
        stream_free(ours[i]);
    scene_close(&s);
}

BEAM_TEST(yamux_hostile, answers_before_it_was_asked)
{
    struct scene s;
    struct stream *ours = NULL;
    scene_open(&s, ROOM);
    say(&s, YAMUX_PING, YAMUX_ACK, 0, 5);
    goes_on(&s);
    cr_assert_eq(yamux_open(s.end.y, &ours), 0);
    goes_on(&s); /* it is announced */
    say(&s, YAMUX_WINDOW, YAMUX_ACK, 2, 0);
    say(&s, YAMUX_WINDOW, YAMUX_ACK, 2, 0);
    goes_on(&s);
    stream_free(ours);
    scene_close(&s);
}

BEAM_TEST(yamux_hostile, answers_of_a_stream_that_is_not_announced_yet)
{
    struct scene s;
    struct stream *ours = NULL;
    scene_open(&s, ROOM);
    cr_assert_eq(yamux_open(s.end.y, &ours), 0);
    say(&s, YAMUX_WINDOW, YAMUX_ACK, 2, 0);
    ends(&s, BEAM_EPROTO, "never opened");
    stream_free(ours);
}

/* What a stream's owner says at once, in steps a turn apart, goes in one write with its name. */
BEAM_TEST(yamux_hostile, what_is_opened_and_said_goes_at_once)
{
    struct scene s;
    struct stream *ours = NULL;
    struct buf bytes;
    scene_open(&s, ROOM);
    cr_assert_eq(yamux_open(s.end.y, &ours), 0);
    buf_init(&bytes, loop_pool(s.loop), SIZE_MAX);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(loop_turn(s.loop), 0);
        cr_expect_lt(stream_read(s.peer, &s.heard, 65536), 0);
        cr_assert_eq(buf_add(&bytes, "a", 1), 0);
        cr_assert_eq(stream_write(ours, &bytes), 1);
    }
    goes_on(&s);
    heard(&s, YAMUX_WINDOW, YAMUX_SYN, 2, 0);
    heard(&s, YAMUX_DATA, 0, 2, 3);
    stream_free(ours);
    buf_clear(&bytes);
    scene_close(&s);
}
