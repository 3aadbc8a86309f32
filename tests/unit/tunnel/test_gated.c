/* SPDX-License-Identifier: BSD-3-Clause */
#include "tunnel/gated.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "loop/listen.h"
#include "stream/memory.h"
#include "stream/socket.h"
#include "tests/unit/harness.h"
#include "tests/unit/loop/until.h"

enum { TEXT = 8192 };
#define OK      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define ALICE   "Authorization: Basic YWxpY2U6c2VzYW1l\r\n" /* alice:sesame */
#define MALLORY "Authorization: Basic YWxpY2U6b3Blbg==\r\n" /* alice:open */

/* ---- a visitor at one end, an app at the other, which says OK to each head ------------------- */

struct stage {
    struct loop *loop;
    struct permit *permit;
    struct target target;
    struct passwords *passwords;
    struct gated *gated;
    struct stream *us; /* the visitor's end */
    struct listener *app;
    struct stream *conn; /* what the app accepted */
    int conns;
    struct buf asked; /* of the app, not answered */
    char heads[TEXT]; /* all it was asked */
    char got[TEXT];   /* what came for the visitor */
    char log[TEXT];   /* records */
    int dialled, dial_err;
    bool done, ended;
    const char *wanted; /* in got or log */
};

static void on_app_ready(void *arg, struct stream *s, unsigned ready)
{
    struct stage *st = arg;
    struct buf out;
    ssize_t n, end;
    (void)ready;
    while ((n = stream_read(s, &st->asked, 4096)) > 0)
        continue;
    while ((end = buf_find(&st->asked, 0, 4096, '\n')) >= 0) {
        size_t at = strlen(st->heads);
        cr_assert_lt(at + (size_t)end + 2, TEXT);
        buf_peek(&st->asked, 0, st->heads + at, (size_t)end + 1);
        st->heads[at + (size_t)end + 1] = '\0';
        buf_drain(&st->asked, (size_t)end + 1);
        if (end > 1)
            continue;
        buf_init(&out, loop_pool(st->loop), TEXT);
        cr_assert_eq(buf_add(&out, OK, sizeof(OK) - 1), 0);
        cr_assert_eq(stream_write(s, &out), (ssize_t)sizeof(OK) - 1);
        buf_clear(&out);
    }
}

static void on_conn(void *arg, int fd)
{
    struct stage *st = arg;
    stream_free(st->conn);
    st->conns++;
    cr_assert_eq(stream_socket(st->loop, fd, &st->conn), 0);
    stream_own(st->conn, on_app_ready, st);
    on_app_ready(st, st->conn, STREAM_READABLE);
}

static void on_us_ready(void *arg, struct stream *s, unsigned ready)
{
    struct stage *st = arg;
    struct buf in;
    ssize_t n;
    (void)ready;
    buf_init(&in, loop_pool(st->loop), TEXT);
    while ((n = stream_read(s, &in, TEXT)) > 0)
        continue;
    st->ended |= n != BEAM_EAGAIN;
    size_t at = strlen(st->got), len = buf_len(&in);
    cr_assert_lt(at + len, TEXT);
    buf_peek(&in, 0, st->got + at, len);
    st->got[at + len] = '\0';
    buf_clear(&in);
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
    size_t at = strlen(st->log);
    snprintf(st->log + at, TEXT - at, "%s %s %d\n", r->method, r->target, r->status);
}

static void on_done(void *arg)
{
    struct stage *st = arg;
    uint64_t in, out;
    gated_bytes(st->gated, &in, &out);
    cr_expect_gt(in + out, 0);
    st->gated = NULL;
    st->done = true;
}

static void set_up(struct stage *st, bool listens)
{
    static const char words[] = "alice:sesame\n";
    const struct policy policy = {.name = "anonymous", .paths = POLICY_ONION};
    const struct sockaddr_in any = {.sin_family = AF_INET,
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct addr at = {.len = sizeof(any)};
    struct beam_why why;
    memset(st, 0, sizeof(*st));
    cr_assert_geq(sodium_init(), 0);
    st->loop = until_loop_new();
    buf_init(&st->asked, loop_pool(st->loop), TEXT);
    cr_assert_eq(permit_new(&policy, &st->permit), 0);
    memcpy(&at.ss, &any, sizeof(any));
    cr_assert_eq(listen_open(st->loop, &at, on_conn, st, &st->app), 0);
    st->target.addr[st->target.addr_count++] = *listen_addr(st->app);
    if (!listens) {
        listen_close(st->app);
        st->app = NULL;
    }
    cr_assert_eq(passwords_parse("words", words, strlen(words), rng_system(), &st->passwords, &why),
                 0);
}

static void arrive(struct stage *st, const struct passwords *passwords)
{
    const struct visit_spec spec = {.loop = st->loop,
                                    .clock = clock_system(),
                                    .permit = st->permit,
                                    .target = &st->target,
                                    .connect_timeout = 5000};
    const struct visit_events events = {
        .dialled = on_dialled, .record = on_record, .done = on_done, .arg = st};
    struct stream *visitor = NULL;
    cr_assert_eq(stream_memory(st->loop, 64 * 1024, &st->us, &visitor), 0);
    stream_own(st->us, on_us_ready, st);
    cr_assert_eq(gated_new(&spec, passwords, &events, visitor, &st->gated), 0);
    on_us_ready(st, st->us, STREAM_READABLE);
}

static void tear_down(struct stage *st)
{
    gated_free(st->gated);
    stream_free(st->us);
    stream_free(st->conn);
    listen_close(st->app);
    buf_clear(&st->asked);
    passwords_free(st->passwords);
    permit_free(st->permit);
    loop_free(st->loop);
}

static void say(struct stage *st, const char *text)
{
    struct buf out;
    buf_init(&out, loop_pool(st->loop), TEXT);
    cr_assert_eq(buf_add(&out, text, strlen(text)), 0);
    cr_assert_eq(stream_write(st->us, &out), (ssize_t)strlen(text));
    buf_clear(&out);
}

static bool is_logged(void *arg)
{
    const struct stage *st = arg;
    return strcmp(st->log, st->wanted) == 0;
}

/* Until these are all the records, told in this order. */
static void logged(struct stage *st, const char *records)
{
    st->wanted = records;
    cr_assert(until(st->loop, is_logged, st), "%s\n%s", st->log, st->got);
}

static bool is_ended(void *arg)
{
    const struct stage *st = arg;
    return st->ended;
}

/* ---- tests ---------------------------------------------------------------------------------- */

BEAM_TEST(gated, each_request_needs_its_password)
{
    struct stage st;
    set_up(&st, true);
    arrive(&st, st.passwords);
    say(&st, "GET /0 HTTP/1.1\r\nHost: a\r\n" ALICE "\r\n");
    logged(&st, "GET /0 200\n");
    say(&st, "GET /1 HTTP/1.1\r\nHost: a\r\n" ALICE "\r\n");
    logged(&st, "GET /0 200\nGET /1 200\n");
    cr_expect_eq(st.conns, 1, "the backend was not kept");
    cr_expect_eq(st.dialled, 1);
    say(&st, "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
    logged(&st, "GET /0 200\nGET /1 200\nGET /2 401\n");
    say(&st, "GET /3 HTTP/1.1\r\nHost: a\r\n" MALLORY "\r\n");
    logged(&st, "GET /0 200\nGET /1 200\nGET /2 401\nGET /3 401\n");
    say(&st, "GET /4 HTTP/1.1\r\nHost: a\r\n" ALICE "\r\n");
    logged(&st, "GET /0 200\nGET /1 200\nGET /2 401\nGET /3 401\nGET /4 200\n");
    cr_expect_not_null(strstr(st.got, "WWW-Authenticate: Basic realm="), "%s", st.got);
    cr_expect_not_null(strstr(st.heads, "GET /4 "));
    cr_expect_null(strstr(st.heads, "/2"), "the target was asked without a password");
    cr_expect_null(strstr(st.heads, "/3"));
    cr_expect_null(strstr(st.heads, "Authorization"), "the target saw the password");
    tear_down(&st);
}

BEAM_TEST(gated, what_hides_behind_another_request_does_not_pass)
{
    static const char *const hidden[] = {
        /* two lengths; a length and chunks; blanks before the colon */
        "POST /1 HTTP/1.1\r\nHost: a\r\n" ALICE "Content-Length: 0\r\nContent-Length: 38\r\n\r\n"
        "GET /secret HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /1 HTTP/1.1\r\nHost: a\r\n" ALICE "Content-Length: 5\r\nTransfer-Encoding: chunked"
        "\r\n\r\n0\r\n\r\nGET /secret HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /1 HTTP/1.1\r\nHost: a\r\n" ALICE "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"
        "GET /secret HTTP/1.1\r\nHost: a\r\n\r\n",
        /* well formed, and the second without a password */
        "POST /1 HTTP/1.1\r\nHost: a\r\n" ALICE "Content-Length: 0\r\n\r\n"
        "GET /secret HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
        struct stage st;
        set_up(&st, true);
        arrive(&st, st.passwords);
        say(&st, hidden[i]);
        cr_assert(until(st.loop, is_ended, &st), "%zu: %s", i, st.got);
        cr_expect_null(strstr(st.heads, "secret"), "%zu: %s", i, st.heads);
        cr_expect(strstr(st.got, " 400 ") || strstr(st.got, " 401 "), "%zu: %s", i, st.got);
        tear_down(&st);
    }
}

BEAM_TEST(gated, a_target_that_is_down_is_a_502_to_those_who_may_pass)
{
    struct stage st;
    set_up(&st, false);
    arrive(&st, st.passwords);
    say(&st, "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
    logged(&st, "GET /1 401\n");
    cr_expect_eq(st.dialled, 0);
    say(&st, "GET /2 HTTP/1.1\r\nHost: a\r\n" ALICE "\r\n");
    logged(&st, "GET /1 401\nGET /2 502\n");
    cr_expect_eq(st.dialled, 1);
    cr_expect_eq(st.dial_err, BEAM_EREFUSED);
    tear_down(&st);
}

BEAM_TEST(gated, without_passwords_everybody_passes)
{
    struct stage st;
    set_up(&st, true);
    arrive(&st, NULL);
    say(&st, "GET /1 HTTP/1.1\r\nHost: a\r\n" ALICE "\r\n");
    logged(&st, "GET /1 200\n");
    cr_expect_not_null(strstr(st.heads, ALICE), "they were for the target");
    tear_down(&st);
}

BEAM_TEST(gated, freed_while_the_target_is_dialled)
{
    struct stage st;
    set_up(&st, true);
    arrive(&st, st.passwords);
    say(&st, "GET /1 HTTP/1.1\r\nHost: a\r\n" ALICE "\r\n");
    cr_assert_eq(loop_turn(st.loop), 0);
    gated_free(st.gated);
    st.gated = NULL;
    cr_expect_not(st.done);
    tear_down(&st);
}
