/* SPDX-License-Identifier: BSD-3-Clause */
/* The suite of all streams, over each kind. */
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stream/ahead.h"
#include "stream/memory.h"
#include "stream/socket.h"
#include "stream/socks.h"
#include "tests/suite/stream_suite.h"
#include "tests/unit/loop/until.h"
#include "tests/unit/stream/pairs.h"
#include "tests/unit/stream/socks_server.h"

static void open_tcp(struct loop *l, struct suite_pair *p)
{
    pair_tcp(l, &p->near, &p->far);
}

static void open_unix(struct loop *l, struct suite_pair *p)
{
    pair_unix(l, &p->near, &p->far);
}

static void open_memory(struct loop *l, struct suite_pair *p)
{
    cr_assert_eq(stream_memory(l, 50000, &p->near, &p->far), 0);
}

/* Of which nothing was read; what was is tested below. */
static void open_ahead(struct loop *l, struct suite_pair *p)
{
    struct stream *under = NULL;
    struct buf nothing;
    buf_init(&nothing, loop_pool(l), 1);
    cr_assert_eq(stream_memory(l, 50000, &under, &p->far), 0);
    cr_assert_eq(stream_ahead(under, &nothing, &p->near), 0);
}

static void on_socks(void *arg, int err, uint8_t reply, struct stream *s)
{
    cr_assert(err == 0 && reply == 0);
    *(struct stream **)arg = s;
}

struct opening {
    struct suite_pair *pair;
    struct socks_server server;
};

static bool is_open(void *arg)
{
    struct opening *o = arg;
    return o->pair->near && o->server.open;
}

static void open_socks(struct loop *l, struct suite_pair *p)
{
    struct opening o = {.pair = p};
    struct policy policy;
    struct permit *permit = NULL;
    struct socks_dial *d = NULL;
    struct socks_target target = {
        .host = "host.example", .port = 80, .user = "user", .password = "password"};
    socks_server_open(&o.server, l);
    cr_assert_eq(policy_ad_hoc(POLICY_ONION, POLICY_EGRESS_TOR, &policy), 0);
    cr_assert_eq(permit_new(&policy, &permit), 0);
    cr_assert_eq(stream_socks(l, permit, &o.server.at, &target, 5000, on_socks, &p->near, &d), 0);
    cr_assert(until(l, is_open, &o));
    p->far = o.server.stream;
    socks_server_close(&o.server);
    permit_free(permit);
}

static const struct suite_kind tcp = {.name = "tcp", .open = open_tcp, .hold = 8 * PAIR_BUFFER};
static const struct suite_kind local = {.name = "unix", .open = open_unix, .hold = 8 * PAIR_BUFFER};
static const struct suite_kind memory = {.name = "memory", .open = open_memory, .hold = 50000};
static const struct suite_kind ahead = {.name = "ahead", .open = open_ahead, .hold = 50000};
static const struct suite_kind socks = {.name = "unix", .open = open_socks, .hold = 1024 * 1024};

STREAM_SUITE(tcp)
STREAM_SUITE(local)
STREAM_SUITE(memory)
STREAM_SUITE(ahead)
STREAM_SUITE(socks)

static int ahead_of(struct loop *l, const char *text, struct stream **near, struct stream **far)
{
    struct stream *under = NULL;
    struct buf first;
    buf_init(&first, loop_pool(l), 64);
    cr_assert_eq(stream_memory(l, 64, &under, far), 0);
    cr_assert_eq(buf_add(&first, text, strlen(text)), 0);
    int err = stream_ahead(under, &first, near);
    if (err < 0)
        stream_free(under);
    cr_expect(err < 0 || buf_len(&first) == 0);
    buf_clear(&first);
    return err;
}

BEAM_TEST(ahead, what_was_read_before_comes_first)
{
    struct loop *l = until_loop_new();
    struct stream *near = NULL, *far = NULL;
    struct buf in, out;
    char text[16] = "";
    buf_init(&in, loop_pool(l), 8);
    buf_init(&out, loop_pool(l), 8);
    int err = ahead_of(l, "before", &near, &far);
    if (err == 0) {
        cr_expect_eq(buf_add(&out, "after", 5), 0);
        cr_expect_eq(stream_write(far, &out), 5);
        cr_expect_eq(stream_read(near, &in, 4), 4);
        cr_expect_eq(stream_read(near, &in, 99), 2);
        cr_expect_eq(stream_read(near, &in, 99), 2, "as far as there is room");
        cr_expect_eq(stream_read(near, &in, 99), BEAM_ELIMIT);
        buf_peek(&in, 0, text, sizeof(text) - 1);
        cr_expect_str_eq(text, "beforeaf");
        stream_free(near);
    }
    stream_free(far);
    buf_clear(&in);
    buf_clear(&out);
    loop_free(l);
    cr_assert_eq(err, 0);
}

BEAM_TEST(ahead, a_reset_loses_it)
{
    struct loop *l = until_loop_new();
    struct stream *near = NULL, *far = NULL;
    struct buf in;
    buf_init(&in, loop_pool(l), 8);
    int err = ahead_of(l, "before", &near, &far);
    if (err == 0) {
        stream_reset(near);
        cr_expect_eq(stream_read(near, &in, 8), BEAM_ECLOSED);
        stream_free(near);
    }
    stream_free(far);
    buf_clear(&in);
    loop_free(l);
    cr_assert_eq(err, 0);
}
