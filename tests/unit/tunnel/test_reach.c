/* SPDX-License-Identifier: BSD-3-Clause */
#include "tunnel/reach.h"

#include <arpa/inet.h>
#include <string.h>
#include <unistd.h>

#include "loop/listen.h"
#include "tests/unit/harness.h"
#include "tests/unit/loop/until.h"

struct stage {
    struct loop *loop;
    struct permit *permit;
    struct target target;
    struct listener *app;
    struct reach *reach;
    int told, err;
    struct stream *stream;
};

static void on_conn(void *arg, int fd)
{
    (void)arg;
    close(fd);
}

static void on_reached(void *arg, int err, struct stream *s)
{
    struct stage *st = arg;
    st->told++;
    st->err = err;
    st->stream = s;
    st->reach = NULL;
}

static bool is_told(void *arg)
{
    const struct stage *st = arg;
    return st->told > 0;
}

/* A target of two addresses: nobody is at the first, the app at the second if it listens. */
static void set_up(struct stage *st, bool listens)
{
    const struct policy policy = {.name = "anonymous", .paths = POLICY_ONION};
    const struct sockaddr_in any = {.sin_family = AF_INET,
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct addr at = {.len = sizeof(any)};
    memset(st, 0, sizeof(*st));
    st->loop = until_loop_new();
    cr_assert_eq(permit_new(&policy, &st->permit), 0);
    memcpy(&at.ss, &any, sizeof(any));
    for (int i = 0; i < 2; i++) {
        listen_close(st->app);
        cr_assert_eq(listen_open(st->loop, &at, on_conn, st, &st->app), 0);
        st->target.addr[st->target.addr_count++] = *listen_addr(st->app);
    }
    if (!listens) {
        listen_close(st->app);
        st->app = NULL;
    }
}

static void start(struct stage *st, uint64_t timeout)
{
    cr_assert_eq(
        reach_start(st->loop, st->permit, &st->target, timeout, on_reached, st, &st->reach), 0);
    cr_assert_eq(st->told, 0, "told at once");
}

static void tear_down(struct stage *st)
{
    reach_cancel(st->reach);
    stream_free(st->stream);
    listen_close(st->app);
    permit_free(st->permit);
    loop_free(st->loop);
}

BEAM_TEST(reach, the_next_address_is_tried)
{
    struct stage st;
    set_up(&st, true);
    start(&st, 5000);
    cr_assert(until(st.loop, is_told, &st));
    cr_expect_eq(st.err, 0);
    cr_expect_not_null(st.stream);
    tear_down(&st);
}

BEAM_TEST(reach, where_nobody_is_the_first_reason_is_told)
{
    struct stage st;
    set_up(&st, false);
    start(&st, 5000);
    cr_assert(until(st.loop, is_told, &st));
    cr_expect_eq(st.err, BEAM_EREFUSED);
    cr_expect_null(st.stream);
    tear_down(&st);
}

BEAM_TEST(reach, without_time_nothing_is_tried)
{
    struct stage st;
    set_up(&st, true);
    start(&st, 0);
    cr_assert(until(st.loop, is_told, &st));
    cr_expect_eq(st.err, BEAM_ETIMEOUT);
    tear_down(&st);
}

BEAM_TEST(reach, cancelled_it_tells_nothing)
{
    struct stage st;
    set_up(&st, true);
    start(&st, 5000);
    reach_cancel(st.reach);
    st.reach = NULL;
    for (int i = 0; i < 20; i++)
        cr_assert_eq(loop_turn(st.loop), 0);
    cr_expect_eq(st.told, 0);
    tear_down(&st);
}
