/* SPDX-License-Identifier: BSD-3-Clause */
#include "tunnel/visit.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stream/memory.h"
#include "tests/unit/harness.h"
#include "tests/unit/loop/until.h"
#include "tests/unit/tunnel/folder.h"

enum { TEXT = 4096 };

/* ---- a visitor at one end, an app of the test's own at the other ---------------------------- */

struct stage {
    struct loop *loop;
    struct permit *permit;
    struct target target;
    struct visit *visit;
    struct stream *us; /* the visitor's end */
    int app;           /* the app's listening socket, or -1 */
    int conn;          /* what it accepted, or -1 */
    /* what was told */
    int dialled, dial_err;
    char log[TEXT];
    bool done;
    uint64_t in, out;
    /* what came */
    char got[TEXT];
    size_t got_len;
    bool ended;
    int read_err;
};

static void on_dialled(void *arg, int err)
{
    struct stage *st = arg;
    st->dialled++;
    st->dial_err = err;
}

static void on_record(void *arg, const struct tap_record *r)
{
    struct stage *st = arg;
    size_t at = strlen(st->log);
    snprintf(st->log + at, TEXT - at, "%s %s %d %llu/%llu\n", r->method, r->target, r->status,
             (unsigned long long)r->in, (unsigned long long)r->out);
}

static void on_done(void *arg)
{
    struct stage *st = arg;
    cr_assert_not(st->done);
    visit_bytes(st->visit, &st->in, &st->out);
    st->visit = NULL;
    st->done = true;
}

static void set_up(struct stage *st)
{
    const struct policy policy = {.name = "anonymous", .paths = POLICY_ONION};
    memset(st, 0, sizeof(*st));
    st->app = st->conn = -1;
    st->loop = until_loop_new();
    cr_assert_eq(permit_new(&policy, &st->permit), 0);
}

/* An address of this machine where nobody listens, or where the app does. */
static void add_address(struct stage *st, bool listens)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    cr_assert_geq(fd, 0);
    cr_assert_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    cr_assert_eq(
        addr_ip("127.0.0.1", 9, ntohs(at.sin_port), &st->target.addr[st->target.addr_count++]), 0);
    if (listens) {
        cr_assert_eq(listen(fd, 8), 0);
        st->app = fd;
    } else {
        close(fd);
    }
}

static void arrive_with(struct stage *st, uint64_t connect_timeout, uint64_t patience)
{
    const struct visit_spec spec = {.loop = st->loop,
                                    .clock = clock_system(),
                                    .permit = st->permit,
                                    .target = &st->target,
                                    .connect_timeout = connect_timeout,
                                    .patience = patience};
    const struct visit_events events = {
        .dialled = on_dialled, .record = on_record, .done = on_done, .arg = st};
    struct stream *visitor = NULL;
    cr_assert_eq(stream_memory(st->loop, 64 * 1024, &st->us, &visitor), 0);
    cr_assert_eq(visit_new(&spec, &events, visitor, &st->visit), 0);
    cr_assert_eq(st->dialled, 0, "an event came at once");
}

static void arrive(struct stage *st)
{
    arrive_with(st, UNTIL_MS, 0);
}

static void tear_down(struct stage *st)
{
    visit_free(st->visit);
    stream_free(st->us);
    if (st->app >= 0)
        close(st->app);
    if (st->conn >= 0)
        close(st->conn);
    permit_free(st->permit);
    loop_free(st->loop);
}

static ssize_t say_bytes(struct stage *st, const void *data, size_t len)
{
    struct buf b;
    buf_init(&b, loop_pool(st->loop), len);
    cr_assert_eq(buf_add(&b, data, len), 0);
    ssize_t n = stream_write(st->us, &b);
    buf_clear(&b);
    return n;
}

static void say(struct stage *st, const char *text)
{
    cr_assert_eq(say_bytes(st, text, strlen(text)), (ssize_t)strlen(text));
}

/* Reads what came for the visitor. */
static void look(struct stage *st)
{
    struct buf b;
    buf_init(&b, loop_pool(st->loop), TEXT);
    while (!st->ended && !st->read_err) {
        ssize_t n = stream_read(st->us, &b, TEXT - 1 - st->got_len);
        if (n > 0)
            st->got_len += buf_peek(&b, 0, st->got + st->got_len, (size_t)n);
        else if (n == BEAM_ECLOSED)
            st->ended = true;
        else if (n != BEAM_EAGAIN)
            st->read_err = (int)n;
        buf_clear(&b);
        if (n == BEAM_EAGAIN)
            break;
    }
}

static bool has_ended(void *arg)
{
    struct stage *st = arg;
    look(st);
    return st->ended || st->read_err;
}

/* These two also hold when there is nothing left to wait for. */
static bool has_got(void *arg)
{
    struct stage *st = arg;
    return has_ended(st) || st->got_len > 0;
}

static bool has_accepted(void *arg)
{
    struct stage *st = arg;
    if (st->conn < 0)
        st->conn = accept(st->app, NULL, NULL);
    return st->conn >= 0 || st->done || st->dial_err;
}

static void wait_for_app(struct stage *st)
{
    cr_assert(until(st->loop, has_accepted, st));
    cr_assert_geq(st->conn, 0, "not dialled: %s", beam_err_text(st->dial_err));
}

static bool was_dialled(void *arg)
{
    struct stage *st = arg;
    return st->dialled > 0;
}

/* Waits until the app has read exactly `text`. */
static void app_reads(struct stage *st, const char *text)
{
    char got[TEXT] = "";
    size_t len = 0, want = strlen(text);
    uint64_t deadline = loop_now(st->loop) + UNTIL_MS;
    while (len < want) {
        cr_assert_not(st->done, "over after \"%s\"", got);
        cr_assert_lt(loop_now(st->loop), deadline, "only \"%s\" came", got);
        ssize_t n = recv(st->conn, got + len, want - len, MSG_DONTWAIT);
        cr_assert_neq(n, 0, "ended after \"%s\"", got);
        len += n > 0 ? (size_t)n : 0;
        cr_assert_eq(loop_turn(st->loop), 0);
    }
    cr_assert_str_eq(got, text);
}

static void app_says(struct stage *st, const char *text)
{
    cr_assert_eq(send(st->conn, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static void expect_done(struct stage *st, const char *log)
{
    cr_assert(until_flag(st->loop, &st->done), "the visit did not end");
    cr_assert_str_eq(st->log, log);
}

static const char answer[] = "HTTP/1.1 502 Bad Gateway\r\n"
                             "Content-Type: text/plain\r\n"
                             "Content-Length: 12\r\n"
                             "Connection: close\r\n"
                             "\r\n"
                             "Bad Gateway\n";

/* ---- a target that answers ------------------------------------------------------------------ */

BEAM_TEST(visit, what_both_say_goes_through_and_is_told)
{
    struct stage st;
    set_up(&st);
    add_address(&st, true);
    arrive(&st);
    say(&st, "GET /a HTTP/1.1\r\n\r\n"); /* before the target is there */
    wait_for_app(&st);
    app_reads(&st, "GET /a HTTP/1.1\r\n\r\n");
    app_says(&st, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    cr_assert(until(st.loop, has_got, &st));
    cr_assert_str_eq(st.got, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    cr_assert_eq(st.dialled, 1);
    cr_assert_eq(st.dial_err, 0);
    cr_assert_str_eq(st.log, "GET /a 200 19/40\n");
    cr_assert_eq(stream_shut(st.us), 0);
    close(st.conn);
    st.conn = -1;
    cr_assert(until(st.loop, has_ended, &st));
    expect_done(&st, "GET /a 200 19/40\n");
    cr_assert_eq(st.in, 19);
    cr_assert_eq(st.out, 40);
    tear_down(&st);
}

BEAM_TEST(visit, the_target_may_speak_first)
{
    struct stage st;
    set_up(&st);
    add_address(&st, true);
    arrive(&st);
    wait_for_app(&st);
    app_says(&st, "220 hello\r\n");
    cr_assert(until(st.loop, has_got, &st));
    cr_assert_str_eq(st.got, "220 hello\r\n");
    say(&st, "QUIT\r\n");
    app_reads(&st, "QUIT\r\n");
    cr_assert_eq(stream_shut(st.us), 0);
    close(st.conn);
    st.conn = -1;
    expect_done(&st, "  0 6/11\n");
    tear_down(&st);
}

BEAM_TEST(visit, a_response_without_a_length_is_told_when_the_target_ends)
{
    struct stage st;
    set_up(&st);
    add_address(&st, true);
    arrive(&st);
    say(&st, "GET / HTTP/1.0\r\n\r\n");
    wait_for_app(&st);
    app_reads(&st, "GET / HTTP/1.0\r\n\r\n");
    app_says(&st, "HTTP/1.0 200 OK\r\n\r\nall");
    cr_assert(until(st.loop, has_got, &st));
    cr_assert_str_eq(st.log, "");
    cr_assert_eq(shutdown(st.conn, SHUT_WR), 0);
    cr_assert(until(st.loop, has_ended, &st));
    cr_assert_str_eq(st.log, "GET / 200 18/22\n");
    cr_assert_not(st.done, "the visitor has not ended yet");
    cr_assert_eq(stream_shut(st.us), 0);
    expect_done(&st, "GET / 200 18/22\n");
    tear_down(&st);
}

BEAM_TEST(visit, the_next_address_is_tried)
{
    struct stage st;
    set_up(&st);
    add_address(&st, false);
    add_address(&st, true);
    arrive(&st);
    wait_for_app(&st);
    cr_assert(until(st.loop, was_dialled, &st));
    cr_assert_eq(st.dialled, 1);
    cr_assert_eq(st.dial_err, 0);
    tear_down(&st);
}

BEAM_TEST(visit, a_visitor_that_says_nothing_is_not_told_of)
{
    struct stage st;
    set_up(&st);
    add_address(&st, true);
    arrive(&st);
    wait_for_app(&st);
    cr_assert_eq(stream_shut(st.us), 0);
    close(st.conn);
    st.conn = -1;
    expect_done(&st, "");
    tear_down(&st);
}

BEAM_TEST(visit, a_reset_goes_through)
{
    struct stage st;
    struct linger hard = {.l_onoff = 1};
    set_up(&st);
    add_address(&st, true);
    arrive(&st);
    say(&st, "GET / HTTP/1.1\r\n\r\n");
    wait_for_app(&st);
    app_reads(&st, "GET / HTTP/1.1\r\n\r\n");
    cr_assert_eq(setsockopt(st.conn, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)), 0);
    close(st.conn);
    st.conn = -1;
    cr_assert(until(st.loop, has_ended, &st));
    cr_assert_eq(st.read_err, BEAM_ERESET);
    expect_done(&st, "GET / 0 18/0\n");
    tear_down(&st);
}

/* ---- a target that is down ------------------------------------------------------------------ */

/* The visitor says this, all at once or a byte at a time, gets `expected` and the end. */
static void is_answered(const char *text, bool slowly, const char *expected, const char *log)
{
    struct stage st;
    set_up(&st);
    add_address(&st, false);
    arrive(&st);
    for (const char *c = text; slowly && *c; c++) {
        cr_assert_eq(say_bytes(&st, c, 1), 1);
        cr_assert_eq(loop_turn(st.loop), 0);
    }
    if (!slowly)
        say(&st, text);
    cr_assert(until(st.loop, has_ended, &st));
    cr_assert_str_eq(st.got, expected);
    cr_assert(st.ended, "not ended in order");
    cr_assert_eq(st.dialled, 1);
    cr_assert_eq(st.dial_err, BEAM_EREFUSED);
    cr_assert_eq(stream_shut(st.us), 0);
    expect_done(&st, log);
    cr_assert_eq(st.in, strlen(text));
    cr_assert_eq(st.out, strlen(expected));
    tear_down(&st);
}

BEAM_TEST(visit, a_target_that_is_down_is_a_plain_502)
{
    is_answered("GET /x HTTP/1.1\r\nHost: a\r\n\r\n", false, answer, "GET /x 502 28/105\n");
    is_answered("GET /x HTTP/1.1\r\nHost: a\r\n\r\n", true, answer, "GET /x 502 28/105\n");
    is_answered("OPTIONS * HTTP/1.0\r\n\r\n", false, answer, "OPTIONS * 502 22/105\n");
}

BEAM_TEST(visit, a_502_to_head_has_no_body)
{
    char head[sizeof(answer)];
    snprintf(head, sizeof(head), "%.*s", (int)sizeof(answer) - 13, answer);
    is_answered("HEAD /x HTTP/1.1\r\n\r\n", false, head, "HEAD /x 502 20/93\n");
}

BEAM_TEST(visit, a_502_comes_before_the_body_that_is_not_wanted)
{
    is_answered("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", false, answer,
                "POST / 502 43/105\n");
    is_answered("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n", false,
                answer, "POST / 502 60/105\n");
}

static const char upload[] = "POST / HTTP/1.1\r\nContent-Length: 100000000\r\n\r\n";

/* Sends on until the visit is over, or `most` bytes are sent. */
static size_t send_on(struct stage *st, size_t most)
{
    static const char block[16 * 1024];
    size_t sent = 0;
    while (!st->done && sent < most) {
        ssize_t n = say_bytes(st, block, sizeof(block));
        if (n < 0 && n != BEAM_EAGAIN)
            break;
        sent += n > 0 ? (size_t)n : 0;
        cr_assert_eq(loop_turn(st->loop), 0);
    }
    return sent;
}

BEAM_TEST(visit, an_upload_is_heard_out_for_a_while_so_that_the_502_is_got)
{
    struct stage st;
    set_up(&st);
    add_address(&st, false);
    arrive(&st);
    say(&st, upload);
    cr_assert_geq(send_on(&st, 500 * 1000), 500 * 1000);
    cr_assert(until(st.loop, has_ended, &st));
    cr_assert_str_eq(st.got, answer);
    cr_assert_not(st.done);
    cr_assert_lt(send_on(&st, 4 * 1000 * 1000), 2 * 1000 * 1000);
    cr_assert(until_flag(st.loop, &st.done));
    cr_assert_eq(strncmp(st.log, "POST / 502 ", 11), 0, "%s", st.log);
    tear_down(&st);
}

BEAM_TEST(visit, what_is_not_http_is_closed)
{
    struct stage st;
    set_up(&st);
    add_address(&st, false);
    arrive(&st);
    say(&st, "\x16\x03\x01");
    cr_assert(until(st.loop, has_ended, &st));
    cr_assert_eq(st.got_len, 0);
    expect_done(&st, "  0 3/0\n");
    tear_down(&st);
}

BEAM_TEST(visit, a_head_that_never_ends_is_closed)
{
    struct stage st;
    static char head[70 * 1024];
    set_up(&st);
    add_address(&st, false);
    arrive(&st);
    memset(head, 'a', sizeof(head));
    memcpy(head, "GET /", 5);
    size_t sent = 0;
    while (sent < sizeof(head) && !st.done) {
        ssize_t n = say_bytes(&st, head + sent, sizeof(head) - sent);
        sent += n > 0 ? (size_t)n : 0;
        cr_assert_eq(loop_turn(st.loop), 0);
    }
    cr_assert(until(st.loop, has_ended, &st));
    cr_assert_eq(st.got_len, 0);
    cr_assert(until_flag(st.loop, &st.done));
    tear_down(&st);
}

/* A visitor who is waited for in vain, at one step or another. */
static void runs_out_of_patience(const char *text, const char *expected, const char *log)
{
    struct stage st;
    set_up(&st);
    add_address(&st, false);
    uint64_t from = loop_now(st.loop);
    arrive_with(&st, UNTIL_MS, 400);
    cr_assert(until(st.loop, was_dialled, &st));
    if (*text)
        say(&st, text);
    expect_done(&st, log);
    cr_assert_geq(loop_now(st.loop) - from, 400);
    look(&st);
    cr_assert_str_eq(st.got, expected);
    cr_assert(st.ended);
    tear_down(&st);
}

BEAM_TEST(visit, who_is_waited_for_in_vain_is_closed)
{
    runs_out_of_patience("", "", "");
    runs_out_of_patience("GET / HTTP/1.1\r\n", "", "  0 16/0\n");
    runs_out_of_patience("GET / HTTP/1.1\r\n\r\n", answer, "GET / 502 18/105\n");
}

BEAM_TEST(visit, who_leaves_is_let_go)
{
    struct stage st;
    set_up(&st);
    add_address(&st, false);
    arrive(&st);
    cr_assert(until(st.loop, was_dialled, &st));
    say(&st, "GET /");
    cr_assert_eq(stream_shut(st.us), 0);
    expect_done(&st, "  0 5/0\n");
    tear_down(&st);
    set_up(&st);
    add_address(&st, false);
    arrive(&st);
    cr_assert(until(st.loop, was_dialled, &st));
    stream_reset(st.us);
    expect_done(&st, "");
    tear_down(&st);
}

BEAM_TEST(visit, a_unix_socket_that_is_not_there_is_down)
{
    struct stage st;
    struct folder f = folder_make();
    char path[100];
    set_up(&st);
    snprintf(path, sizeof(path), "%s/app", f.path);
    cr_assert_eq(addr_unix(path, &st.target.addr[0]), 0);
    st.target.addr_count = 1;
    arrive(&st);
    say(&st, "GET / HTTP/1.1\r\n\r\n");
    cr_assert(until(st.loop, has_ended, &st));
    cr_assert_str_eq(st.got, answer);
    cr_assert_eq(st.dial_err, BEAM_ENOTFOUND);
    tear_down(&st);
    folder_remove(&f);
}

BEAM_TEST(visit, an_address_without_a_permit_is_not_dialled)
{
    struct stage st;
    set_up(&st);
    cr_assert_eq(addr_ip("192.0.2.1", 9, 80, &st.target.addr[0]), 0);
    st.target.addr_count = 1;
    arrive(&st);
    say(&st, "GET / HTTP/1.1\r\n\r\n");
    cr_assert(until(st.loop, has_ended, &st));
    cr_assert_str_eq(st.got, answer);
    cr_assert_eq(st.dial_err, BEAM_EPOLICY);
    tear_down(&st);
}

/* A unix listener whose backlog is full takes no connection, and refuses none. */
BEAM_TEST(visit, one_deadline_is_for_all_addresses)
{
    struct stage st;
    struct folder f = folder_make();
    char path[100];
    int filler[16], n = 0;
    set_up(&st);
    snprintf(path, sizeof(path), "%s/app", f.path);
    struct addr *at = &st.target.addr[st.target.addr_count++];
    cr_assert_eq(addr_unix(path, at), 0);
    int full = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(full, (const struct sockaddr *)&at->ss, at->len), 0);
    cr_assert_eq(listen(full, 0), 0);
    do {
        filler[n] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    } while (connect(filler[n++], (const struct sockaddr *)&at->ss, at->len) == 0 && n < 16);
    add_address(&st, true);
    arrive_with(&st, 80, 0);
    cr_assert(until(st.loop, was_dialled, &st));
    cr_assert_eq(st.dial_err, BEAM_ETIMEOUT);
    cr_assert_eq(accept(st.app, NULL, NULL), -1, "the second address had time of its own");
    tear_down(&st);
    while (n > 0)
        close(filler[--n]);
    close(full);
    folder_remove(&f);
}

/* ---- freed early ---------------------------------------------------------------------------- */

BEAM_TEST(visit, freed_at_any_step_it_tells_nothing_more)
{
    for (int up = 0; up < 2; up++) {
        for (int turns = 0; turns < 12; turns++) {
            struct stage st;
            set_up(&st);
            add_address(&st, up);
            arrive(&st);
            say(&st, upload);
            for (int i = 0; i < turns; i++)
                cr_assert_eq(loop_turn(st.loop), 0);
            int dialled = st.dialled;
            visit_free(st.visit);
            st.visit = NULL;
            for (int i = 0; i < 5; i++)
                cr_assert_eq(loop_turn(st.loop), 0);
            cr_assert_eq(st.dialled, dialled);
            cr_assert_str_eq(st.log, "");
            cr_assert_not(st.done);
            look(&st);
            cr_assert_not(st.ended && st.got_len == 0, "ended in order, as if that were all");
            tear_down(&st);
        }
    }
    visit_free(NULL);
}
