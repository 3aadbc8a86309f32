/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/conn.h"

#include "p2p/limits.h"
#include "stream/memory.h"
#include "tests/unit/loop/until.h"

/* A connection whose peer is a stream in our hands, and answers nothing. */
struct scene {
    struct loop *loop;
    struct limits limits;
    struct yamux_budget budget;
    struct conn *conn;
    struct stream *far;
    struct buf out;
    int err; /* why it ended */
    bool closed;
    uint64_t after;
};

static bool on_room(void *arg)
{
    (void)arg;
    return true;
}

static bool on_supports(void *arg, const char *protocol, size_t len)
{
    (void)arg;
    (void)protocol;
    (void)len;
    return false;
}

static void on_stream(void *arg, struct conn *c, struct stream *s, const char *protocol)
{
    (void)arg;
    (void)c;
    (void)protocol;
    stream_free(s);
}

static void on_closed(void *arg, struct conn *c, int err, const struct beam_why *why)
{
    struct scene *s = arg;
    (void)c;
    (void)why;
    s->err = err;
    s->closed = true;
}

static void begin(struct scene *s)
{
    struct stream *near = NULL;
    *s = (struct scene){.loop = until_loop_new(), .budget = {.total = 1 << 20}};
    limits_default(&s->limits);
    cr_assert_eq(stream_memory(s->loop, 65536, &near, &s->far), 0);
    buf_init(&s->out, loop_pool(s->loop), 65536);
    const struct conn_spec spec = {.loop = s->loop, .limits = &s->limits, .budget = &s->budget};
    const struct conn_events events = {.room = on_room,
                                       .supports = on_supports,
                                       .stream = on_stream,
                                       .closed = on_closed,
                                       .arg = s};
    cr_assert_eq(conn_new(near, &spec, &events, &s->conn), 0);
}

static void end(struct scene *s)
{
    conn_free(s->conn);
    stream_free(s->far);
    buf_clear(&s->out);
    loop_free(s->loop);
}

static bool is_later(void *arg)
{
    const struct scene *s = arg;
    return loop_now(s->loop) >= s->after;
}

static bool has_heard(void *arg)
{
    const struct scene *s = arg;
    return yamux_heard(s->conn->yamux) > s->conn->pinged;
}

BEAM_TEST(conn, a_silent_peer_is_given_up)
{
    struct scene s;
    begin(&s);
    conn_probe(s.conn);
    conn_tick(s.conn, s.conn->pinged + CONN_ANSWER_MS - 1);
    cr_assert_eq(loop_turn(s.loop), 0);
    cr_expect(!s.closed);
    conn_tick(s.conn, s.conn->pinged + CONN_ANSWER_MS);
    cr_assert(until_flag(s.loop, &s.closed));
    cr_expect_eq(s.err, BEAM_ETIMEOUT);
    end(&s);
}

/* Its answer comes behind all that it has sent before. */
BEAM_TEST(conn, one_that_sends_is_not_given_up_for_want_of_an_answer)
{
    static const uint8_t ping[] = {0, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7};
    struct scene s;
    begin(&s);
    conn_probe(s.conn);
    s.after = s.conn->pinged + 5;
    cr_assert(until(s.loop, is_later, &s));
    cr_assert_eq(buf_add(&s.out, ping, sizeof(ping)), 0);
    cr_assert_eq(stream_write(s.far, &s.out), (ssize_t)sizeof(ping));
    cr_assert(until(s.loop, has_heard, &s));
    conn_tick(s.conn, s.conn->pinged + CONN_ANSWER_MS);
    cr_assert_eq(loop_turn(s.loop), 0);
    cr_expect(!s.closed, "it has given a sign of life since it was asked");
    conn_tick(s.conn, yamux_heard(s.conn->yamux) + CONN_ANSWER_MS);
    cr_assert(until_flag(s.loop, &s.closed));
    cr_expect_eq(s.err, BEAM_ETIMEOUT);
    end(&s);
}
