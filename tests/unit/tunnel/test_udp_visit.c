/* SPDX-License-Identifier: BSD-3-Clause */
#include "tunnel/udp_visit.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stream/datagrams.h"
#include "stream/memory.h"
#include "tests/unit/loop/until.h"

struct stage {
    struct loop *loop;
    struct permit *permit;
    struct target target;
    struct udp_visit *visit;
    struct datagrams *us; /* the visitor's end */
    int app;              /* the app's socket, or -1 */
    struct sockaddr_in from;
    size_t came, want;
    char got[64];
    int dialled, dial_err, records;
    uint64_t in, out;
    bool done;
};

static void on_datagram(void *arg, const uint8_t *data, size_t len)
{
    struct stage *st = arg;
    cr_assert_lt(len, sizeof(st->got));
    memcpy(st->got, data, len);
    st->got[len] = '\0';
    st->came++;
}

static void on_ended(void *arg, int err)
{
    (void)arg;
    (void)err;
}

static void on_dialled(void *arg, int err)
{
    struct stage *st = arg;
    st->dialled++;
    st->dial_err = err;
}

static void on_record(void *arg, const struct tap_record *r)
{
    struct stage *st = arg;
    st->records++;
    st->in = r->in;
    st->out = r->out;
}

static void on_done(void *arg)
{
    struct stage *st = arg;
    st->visit = NULL;
    st->done = true;
}

static int bind_app(struct addr *at)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    cr_assert(fd >= 0 && bind(fd, (struct sockaddr *)&any, sizeof(any)) == 0);
    at->len = sizeof(at->ss);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&at->ss, &at->len), 0);
    return fd;
}

/* The target's addresses: `dead` of them where nobody takes datagrams, then the app's. */
static void begin(struct stage *st, int dead, uint64_t patience)
{
    struct stream *far = NULL, *near = NULL;
    memset(st, 0, sizeof(*st));
    st->loop = until_loop_new();
    cr_assert_eq(permit_new_local(&st->permit), 0);
    for (int i = 0; i < dead; i++)
        close(bind_app(&st->target.addr[i]));
    st->app = dead < 2 ? bind_app(&st->target.addr[dead]) : -1;
    st->target.addr_count = dead < 2 ? dead + 1 : dead;
    cr_assert_eq(stream_memory(st->loop, 4096, &near, &far), 0);
    const struct datagrams_events ours = {.datagram = on_datagram, .ended = on_ended, .arg = st};
    const struct visit_spec spec = {.loop = st->loop,
                                    .clock = clock_system(),
                                    .permit = st->permit,
                                    .target = &st->target,
                                    .patience = patience};
    const struct visit_events events = {
        .dialled = on_dialled, .record = on_record, .done = on_done, .arg = st};
    cr_assert_eq(datagrams_new(st->loop, far, &ours, &st->us), 0);
    cr_assert_eq(udp_visit_new(&spec, &events, near, &st->visit), 0);
}

static void end(struct stage *st)
{
    udp_visit_free(st->visit);
    datagrams_free(st->us);
    if (st->app >= 0)
        close(st->app);
    permit_free(st->permit);
    loop_free(st->loop);
}

/* What the app got; it answers with the same. */
static bool app_hears(void *arg)
{
    struct stage *st = arg;
    char text[64];
    socklen_t len = sizeof(st->from);
    ssize_t n = recvfrom(st->app, text, sizeof(text), 0, (struct sockaddr *)&st->from, &len);
    return n >= 0 && sendto(st->app, text, (size_t)n, 0, (struct sockaddr *)&st->from, len) == n;
}

static bool has_enough(void *arg)
{
    const struct stage *st = arg;
    return st->came >= st->want;
}

BEAM_TEST(udp_visit, goes_to_the_target_and_back)
{
    static struct stage st;
    begin(&st, 0, 0);
    cr_assert_eq(datagrams_send(st.us, "hello", 5), 0);
    cr_assert(until(st.loop, app_hears, &st));
    st.want = 1;
    cr_assert(until(st.loop, has_enough, &st));
    cr_expect_str_eq(st.got, "hello");
    struct sockaddr_in first = st.from;
    cr_assert_eq(datagrams_send(st.us, "", 0), 0);
    cr_assert(until(st.loop, app_hears, &st));
    st.want = 2;
    cr_assert(until(st.loop, has_enough, &st));
    cr_expect_str_eq(st.got, "");
    cr_expect_eq(first.sin_port, st.from.sin_port, "one socket for the visit");
    cr_expect(st.dialled == 1 && st.dial_err == 0);
    datagrams_free(st.us);
    st.us = NULL;
    cr_assert(until_flag(st.loop, &st.done));
    cr_expect(st.records == 1 && st.in == 5 && st.out == 5);
    end(&st);
}

static bool asks_again(void *arg)
{
    struct stage *st = arg;
    (void)datagrams_send(st->us, "hello", 5);
    return app_hears(st);
}

BEAM_TEST(udp_visit, takes_the_address_at_which_somebody_is)
{
    static struct stage st;
    begin(&st, 1, 0);
    cr_assert(until(st.loop, asks_again, &st));
    st.want = 1;
    cr_assert(until(st.loop, has_enough, &st));
    cr_expect(st.dialled == 1 && st.dial_err == 0);
    end(&st);
}

static bool is_told(void *arg)
{
    struct stage *st = arg;
    (void)datagrams_send(st->us, "hello", 5);
    return st->dialled > 0;
}

BEAM_TEST(udp_visit, tells_when_nobody_takes_datagrams)
{
    static struct stage st;
    begin(&st, 2, 0);
    cr_assert(until(st.loop, is_told, &st));
    cr_expect_eq(st.dial_err, BEAM_EREFUSED);
    end(&st);
}

BEAM_TEST(udp_visit, ends_when_nothing_goes_any_more)
{
    static struct stage st;
    begin(&st, 0, 50);
    uint64_t from = loop_now(st.loop);
    cr_assert(until_flag(st.loop, &st.done));
    cr_expect_geq(loop_now(st.loop), from + 50);
    end(&st);
}
