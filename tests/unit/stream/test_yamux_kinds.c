/* SPDX-License-Identifier: BSD-3-Clause */
/* The suite of all streams over yamux: on each kind below, and with its frames cut anywhere. */
#include "stream/memory.h"
#include "stream/yamux_window.h"
#include "tests/suite/muxed.h"
#include "tests/suite/ragged.h"
#include "tests/suite/stream_suite.h"
#include "tests/unit/stream/pairs.h"

static struct muxed sessions;

static void over(struct loop *l, struct stream *a, struct stream *b, struct suite_pair *p)
{
    sessions = (struct muxed){.dialler.closed = false};
    muxed_open(&sessions, l, a, b);
    muxed_stream(&sessions.dialler, &sessions.listener, &p->near, &p->far);
}

static void open_over_tcp(struct loop *l, struct suite_pair *p)
{
    struct stream *a, *b;
    pair_tcp(l, &a, &b);
    over(l, a, b, p);
}

static void open_over_unix(struct loop *l, struct suite_pair *p)
{
    struct stream *a, *b;
    pair_unix(l, &a, &b);
    over(l, b, a, p);
}

static void over_memory(struct loop *l, size_t window, struct suite_pair *p)
{
    struct stream *a, *b;
    cr_assert_eq(stream_memory(l, window, &a, &b), 0);
    over(l, a, b, p);
}

static void open_over_memory(struct loop *l, struct suite_pair *p)
{
    over_memory(l, 50000, p);
}

static void open_ragged(struct loop *l, struct suite_pair *p)
{
    static struct seed seed;
    struct stream *a, *b;
    seed = seed_start("ragged");
    cr_assert_eq(stream_memory(l, 20000, &a, &b), 0);
    over(l, ragged(l, a, 3000, &seed), ragged(l, b, 3000, &seed), p);
}

static void open_by_7(struct loop *l, struct suite_pair *p)
{
    over_memory(l, 7, p);
}

static void open_by_1(struct loop *l, struct suite_pair *p)
{
    over_memory(l, 1, p);
}

static void close_sessions(void)
{
    muxed_close(&sessions);
}

#define KIND(name_, open_)                                                                         \
    static const struct suite_kind name_ = {                                                       \
        .name = "yamux", .open = (open_), .close = close_sessions, .hold = YAMUX_WINDOW_FIRST}
KIND(yamux_tcp, open_over_tcp);
KIND(yamux_unix, open_over_unix);
KIND(yamux_memory, open_over_memory);
KIND(yamux_ragged, open_ragged);
KIND(yamux_by_7, open_by_7);
KIND(yamux_by_1, open_by_1);

STREAM_SUITE(yamux_tcp)
STREAM_SUITE(yamux_unix)
STREAM_SUITE(yamux_memory)
STREAM_SUITE(yamux_ragged)

/* All but those that would have a million turns to make. */
STREAM_SUITE_TEST(yamux_by_7, random_chunks)
STREAM_SUITE_TEST(yamux_by_7, one_byte_at_a_time)
STREAM_SUITE_TEST(yamux_by_7, half_close)
STREAM_SUITE_TEST(yamux_by_7, end_after_data)
STREAM_SUITE_TEST(yamux_by_7, shut_twice)
STREAM_SUITE_TEST(yamux_by_7, reset_is_seen)
STREAM_SUITE_TEST(yamux_by_7, gone_reader)
STREAM_SUITE_TEST(yamux_by_7, free_in_callback)
STREAM_SUITE_TEST(yamux_by_1, one_byte_at_a_time)
STREAM_SUITE_TEST(yamux_by_1, end_after_data)
STREAM_SUITE_TEST(yamux_by_1, shut_twice)
STREAM_SUITE_TEST(yamux_by_1, reset_after_the_end_is_seen)
