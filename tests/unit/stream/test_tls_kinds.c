/* SPDX-License-Identifier: BSD-3-Clause */
/* The suite of all streams over TLS: on each kind below, and with 24 bytes and one byte of it at a
 * time. */
#include "stream/memory.h"
#include "stream/tls_wire.h"
#include "tests/suite/stream_suite.h"
#include "tests/unit/loop/until.h"
#include "tests/unit/stream/pairs.h"
#include "tests/unit/stream/tls_pair.h"

struct quiet {
    struct loop *loop;
    struct suite_pair *pair;
};

/* A server's tickets are under way when the handshake is over: the suite wants a quiet pair. */
static bool tickets_have_come(void *arg)
{
    struct quiet *q = arg;
    struct buf none;
    buf_init(&none, loop_pool(q->loop), 1);
    cr_assert_eq(stream_read(q->pair->near, &none, 1), BEAM_EAGAIN);
    return stream_unsent(q->pair->far) == 0;
}

static void shake_hands(struct loop *l, struct stream *a, struct stream *b, struct suite_pair *p)
{
    struct tls_end near = {.spec = {.name = "beam.example"}}, far = {.tls = NULL};
    struct tls_scene s;
    tls_scene_open(&s);
    tls_end_start(&near, l, s.client, a);
    tls_end_start(&far, l, s.server, b);
    tls_ends_meet(l, &near, &far);
    cr_assert_eq(near.err, 0, "%s", near.why.text);
    cr_assert_eq(far.err, 0, "%s", far.why.text);
    p->near = near.stream;
    p->far = far.stream;
    cr_assert(until(l, tickets_have_come, &(struct quiet){l, p}));
    tls_scene_close(&s);
}

static void open_over_tcp(struct loop *l, struct suite_pair *p)
{
    struct stream *a, *b;
    pair_tcp(l, &a, &b);
    shake_hands(l, a, b, p);
}

static void open_over_unix(struct loop *l, struct suite_pair *p)
{
    struct stream *a, *b;
    pair_unix(l, &a, &b);
    shake_hands(l, a, b, p);
}

static void over_memory(struct loop *l, size_t window, struct suite_pair *p)
{
    struct stream *a, *b;
    cr_assert_eq(stream_memory(l, window, &a, &b), 0);
    shake_hands(l, a, b, p);
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

enum { HOLD = 8 * PAIR_BUFFER + 2 * TLS_WIRE_BATCH + TLS_WIRE_READ };
static const struct suite_kind tls_tcp = {.name = "tls", .open = open_over_tcp, .hold = HOLD};
static const struct suite_kind tls_unix = {.name = "tls", .open = open_over_unix, .hold = HOLD};
static const struct suite_kind tls_memory = {.name = "tls", .open = open_over_memory, .hold = HOLD};
static const struct suite_kind tls_by_24 = {.name = "tls", .open = open_by_24, .hold = HOLD};
static const struct suite_kind tls_by_1 = {.name = "tls", .open = open_by_1, .hold = HOLD};

STREAM_SUITE(tls_tcp)
STREAM_SUITE(tls_unix)
STREAM_SUITE(tls_memory)

/* All but those that would have a million turns to make, and the one where nobody reads while two
 * pieces are written: below these there is no room to hold the second. */
STREAM_SUITE_TEST(tls_by_24, random_chunks)
STREAM_SUITE_TEST(tls_by_24, one_byte_at_a_time)
STREAM_SUITE_TEST(tls_by_24, half_close)
STREAM_SUITE_TEST(tls_by_24, shut_twice)
STREAM_SUITE_TEST(tls_by_24, reset_is_seen)
STREAM_SUITE_TEST(tls_by_24, free_in_callback)
STREAM_SUITE_TEST(tls_by_24, limits)
STREAM_SUITE_TEST(tls_by_24, idle_holds_nothing)
STREAM_SUITE_TEST(tls_by_1, one_byte_at_a_time)
STREAM_SUITE_TEST(tls_by_1, shut_twice)
STREAM_SUITE_TEST(tls_by_1, limits)
