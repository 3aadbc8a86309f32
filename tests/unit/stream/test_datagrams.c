/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/datagrams.h"

#include <string.h>

#include "stream/memory.h"
#include "tests/unit/harness.h"
#include "tests/unit/loop/until.h"

enum { WINDOW = 300 };

struct scene {
    struct loop *loop;
    struct datagrams *near, *far;
    struct stream *raw; /* the far end, where it is none of datagrams */
    size_t count, bytes, want;
    int err;
    bool frees;
};

static void on_datagram(void *arg, const uint8_t *data, size_t len)
{
    struct scene *s = arg;
    for (size_t i = 0; i < len; i++)
        cr_assert_eq(data[i], (uint8_t)(s->count + i));
    s->count++;
    s->bytes += len;
    if (s->frees) {
        datagrams_free(s->far);
        s->far = NULL;
    }
}

static void on_ended(void *arg, int err)
{
    ((struct scene *)arg)->err = err;
}

static void on_nothing(void *arg, const uint8_t *data, size_t len)
{
    (void)arg;
    (void)data;
    (void)len;
}

static void on_near_ended(void *arg, int err)
{
    (void)arg;
    (void)err;
}

static void begin(struct scene *s, bool raw)
{
    struct stream *near = NULL, *far = NULL;
    const struct datagrams_events away = {.datagram = on_nothing, .ended = on_near_ended, .arg = s};
    const struct datagrams_events here = {.datagram = on_datagram, .ended = on_ended, .arg = s};
    memset(s, 0, sizeof(*s));
    s->loop = until_loop_new();
    cr_assert_eq(stream_memory(s->loop, WINDOW, &near, &far), 0);
    if (raw)
        s->raw = near;
    else
        cr_assert_eq(datagrams_new(s->loop, near, &away, &s->near), 0);
    cr_assert_eq(datagrams_new(s->loop, far, &here, &s->far), 0);
}

static void end(struct scene *s)
{
    datagrams_free(s->near);
    datagrams_free(s->far);
    stream_free(s->raw);
    loop_free(s->loop);
}

static bool has_enough(void *arg)
{
    const struct scene *s = arg;
    return s->count >= s->want;
}

static bool has_ended(void *arg)
{
    return ((struct scene *)arg)->err != 0;
}

static void fill(uint8_t *data, size_t len, size_t n)
{
    for (size_t i = 0; i < len; i++)
        data[i] = (uint8_t)(n + i);
}

BEAM_TEST(datagrams, keep_their_bounds_and_their_order)
{
    uint8_t data[100];
    struct scene s;
    begin(&s, false);
    int err = 0;
    for (size_t i = 0; i < 200 && err == 0; i++) {
        fill(data, i % sizeof(data), i);
        err = datagrams_send(s.near, data, i % sizeof(data));
    }
    s.want = 200;
    bool all = until(s.loop, has_enough, &s);
    end(&s);
    cr_assert_eq(err, 0);
    cr_assert(all);
    cr_assert_eq(s.bytes, 2u * 99 * 100 / 2);
}

BEAM_TEST(datagrams, are_dropped_when_nobody_takes_them_and_whole_ones_follow)
{
    static uint8_t data[10000];
    struct scene s;
    size_t sent = 0, dropped = 0;
    begin(&s, false);
    for (int i = 0; i < 100; i++) { /* nobody reads: the loop does not run */
        fill(data, sizeof(data), sent);
        int err = datagrams_send(s.near, data, sizeof(data));
        sent += err == 0;
        dropped += err == BEAM_ELIMIT;
    }
    s.want = sent;
    bool all = until(s.loop, has_enough, &s);
    fill(data, 5, sent);
    int after = datagrams_send(s.near, data, 5);
    s.want = sent + 1;
    bool more = until(s.loop, has_enough, &s);
    end(&s);
    cr_assert_eq(sent + dropped, 100u);
    cr_assert(sent > 0 && sent <= DATAGRAM_ROOM / sizeof(data) + 1, "%zu were held", sent);
    cr_assert(all && after == 0 && more);
}

BEAM_TEST(datagrams, half_of_one_at_the_end_is_an_error)
{
    struct scene s;
    struct buf b;
    begin(&s, true);
    buf_init(&b, loop_pool(s.loop), 64);
    int err = buf_add(&b, "\0\2\0\1\0\5hal", 9);
    ssize_t n = stream_write(s.raw, &b);
    (void)stream_shut(s.raw);
    bool ended = until(s.loop, has_ended, &s);
    end(&s);
    cr_assert(err == 0 && n == 9 && ended);
    cr_assert_eq(s.count, 1u);
    cr_assert_eq(s.err, BEAM_EPROTO);
}

BEAM_TEST(datagrams, an_end_in_order_is_told_once)
{
    struct scene s;
    begin(&s, true);
    (void)stream_shut(s.raw);
    bool ended = until(s.loop, has_ended, &s);
    int after = datagrams_send(s.far, "x", 1);
    end(&s);
    cr_assert(ended);
    cr_assert_eq(s.err, BEAM_ECLOSED);
    cr_assert_eq(after, BEAM_ECLOSED);
}

BEAM_TEST(datagrams, may_be_freed_in_their_call)
{
    uint8_t data[3];
    struct scene s;
    begin(&s, false);
    s.frees = true;
    fill(data, sizeof(data), 0);
    int err = datagrams_send(s.near, data, sizeof(data));
    if (err == 0)
        err = datagrams_send(s.near, data, sizeof(data));
    s.want = 1;
    bool one = until(s.loop, has_enough, &s);
    for (int i = 0; i < 5; i++)
        cr_assert_eq(loop_turn(s.loop), 0);
    end(&s);
    cr_assert(err == 0 && one);
    cr_assert_eq(s.count, 1u);
}
