/* SPDX-License-Identifier: BSD-3-Clause */
/* The suite of all streams over Noise: on each kind below, and with 24 bytes and one byte of it at
 * a time. */
#include "stream/memory.h"
#include "stream/noise_stream.h"
#include "tests/suite/stream_suite.h"
#include "tests/unit/stream/pairs.h"
#include "tests/unit/stream/secure_pair.h"

static void open_over_tcp(struct loop *l, struct suite_pair *p)
{
    struct stream *a, *b;
    pair_tcp(l, &a, &b);
    secure_pair(l, a, b, &p->near, &p->far);
}

static void open_over_unix(struct loop *l, struct suite_pair *p)
{
    struct stream *a, *b;
    pair_unix(l, &a, &b);
    secure_pair(l, a, b, &p->near, &p->far);
}

static void over_memory(struct loop *l, size_t window, struct suite_pair *p)
{
    struct stream *a, *b;
    cr_assert_eq(stream_memory(l, window, &a, &b), 0);
    secure_pair(l, a, b, &p->near, &p->far);
}

static void open_over_memory(struct loop *l, struct suite_pair *p)
{
    over_memory(l, 50000, p);
}

static void open_by_24(struct loop *l, struct suite_pair *p)
{
    over_memory(l, 24, p);
}

static void open_by_1(struct loop *l, struct suite_pair *p)
{
    over_memory(l, 1, p);
}

enum { HOLD = 8 * PAIR_BUFFER + NOISE_STREAM_BATCH };
static const struct suite_kind noise_tcp = {.name = "noise", .open = open_over_tcp, .hold = HOLD};
static const struct suite_kind noise_unix = {.name = "noise", .open = open_over_unix, .hold = HOLD};
static const struct suite_kind noise_memory = {
    .name = "noise", .open = open_over_memory, .hold = HOLD};
static const struct suite_kind noise_by_24 = {.name = "noise", .open = open_by_24, .hold = HOLD};
static const struct suite_kind noise_by_1 = {.name = "noise", .open = open_by_1, .hold = HOLD};

STREAM_SUITE(noise_tcp)
STREAM_SUITE(noise_unix)
STREAM_SUITE(noise_memory)

/* All but those that would have a million turns to make, and the one where nobody reads while two
 * pieces are written: below these there is no room to hold the second. */
STREAM_SUITE_TEST(noise_by_24, random_chunks)
STREAM_SUITE_TEST(noise_by_24, one_byte_at_a_time)
STREAM_SUITE_TEST(noise_by_24, half_close)
STREAM_SUITE_TEST(noise_by_24, shut_twice)
STREAM_SUITE_TEST(noise_by_24, reset_is_seen)
STREAM_SUITE_TEST(noise_by_24, free_in_callback)
STREAM_SUITE_TEST(noise_by_24, limits)
STREAM_SUITE_TEST(noise_by_24, idle_holds_nothing)
STREAM_SUITE_TEST(noise_by_1, one_byte_at_a_time)
STREAM_SUITE_TEST(noise_by_1, shut_twice)
STREAM_SUITE_TEST(noise_by_1, limits)
