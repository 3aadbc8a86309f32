/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/loop/until.h"
#include "tests/unit/proxy/engine_scene.h"

#define HOST      "Host: a\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\n" HOST "\r\n"

BEAM_TEST(engine, a_request_goes_up_and_its_response_down)
{
    struct engine_scene s;
    scene_open(&s, NULL);
    scene_say(&s, &s.visitor,
              "GET /x HTTP/1.1\r\nhOST: a\r\nX-b:  1 \r\nConnection: x-c\r\nX-C: 2\r\n\r\n");
    cr_expect_str_eq(s.method, "GET");
    cr_expect_str_eq(s.target, "/x");
    cr_assert_eq(s.backends, 1);
    cr_expect_str_eq(s.backend[0].text, "GET /x HTTP/1.1\r\nhOST: a\r\nX-b: 1\r\n\r\n");
    scene_say(&s, &s.backend[0],
              "HTTP/1.1 200 Fine\r\nContent-Length: 5\r\nKeep-Alive: x\r\nX-D: e\r\n\r\nhello");
    cr_expect_str_eq(s.visitor.text,
                     "HTTP/1.1 200 Fine\r\nContent-Length: 5\r\nX-D: e\r\n\r\nhello");
    cr_expect_eq(s.records, 1);
    cr_expect_str_eq(s.record[0], "GET /x 200 63/53");
    cr_expect_not(s.done);
    scene_shut(&s, &s.visitor);
    cr_expect(s.done);
    cr_expect_eq(s.err, 0);
    cr_expect_eq(s.visitor.err, BEAM_ECLOSED);
    scene_close(&s);
}

BEAM_TEST(engine, both_connections_are_kept)
{
    struct engine_scene s;
    scene_open(&s, NULL);
    for (int i = 0; i < 3; i++) {
        scene_say(&s, &s.visitor, GET("/"));
        cr_expect_eq(s.kept, i > 0);
        scene_say(&s, &s.backend[0], "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    }
    cr_expect_eq(s.backends, 1);
    cr_expect_eq(s.records, 3);
    /* One that says something unasked is not. */
    scene_say(&s, &s.backend[0], "HTTP/1.1 200 OK\r\n");
    scene_say(&s, &s.visitor, GET("/"));
    cr_expect_not(s.kept);
    cr_expect_eq(s.backends, 2);
    scene_close(&s);
}

BEAM_TEST(engine, one_backend_serves_several_visitors)
{
    struct engine_scene s;
    scene_open(&s, NULL);
    s.takes_spare = true;
    for (int i = 0; i < 3; i++) {
        scene_say(&s, &s.visitor, GET("/"));
        cr_expect_not(s.kept);
        scene_say(&s, &s.backend[0], "HTTP/1.1 204 None\r\nContent-Length: 0\r\n\r\n");
        cr_expect_not_null(s.spare);
    }
    cr_expect_eq(s.backends, 1);
    scene_close(&s);
}

BEAM_TEST(engine, requests_sent_ahead_wait_their_turn)
{
    struct engine_scene s;
    scene_open(&s, NULL);
    scene_say(&s, &s.visitor,
              "POST /1 HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc" GET("/2") GET("/3"));
    cr_expect_str_eq(s.backend[0].text, "POST /1 HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc");
    scene_forget(&s.backend[0]);
    scene_say(&s, &s.backend[0], "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1");
    cr_expect_str_eq(s.backend[0].text, GET("/2"));
    scene_forget(&s.backend[0]);
    scene_say(&s, &s.backend[0],
              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
              "1;x=y\r\n2\r\n0\r\nX: y\r\n\r\n");
    cr_expect_str_eq(s.backend[0].text, GET("/3"));
    scene_say(&s, &s.backend[0], "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n3");
    cr_expect_str_eq(
        s.visitor.text,
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1"
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n2\r\n0\r\nX: y\r\n\r\n"
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n3");
    scene_close(&s);
}

BEAM_TEST(engine, answers_of_its_owner)
{
    static const struct answer no = {.status = 401,
                                     .fields = "WWW-Authenticate: Basic realm=\"x\"\r\n"};
    struct engine_scene s;
    scene_open(&s, NULL);
    s.answer = &no;
    scene_say(&s, &s.visitor, GET("/"));
    cr_expect_str_eq(s.visitor.text,
                     "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\n"
                     "Content-Length: 13\r\n\r\nUnauthorized\n");
    scene_forget(&s.visitor);
    scene_say(&s, &s.visitor, "HEAD / HTTP/1.1\r\n" HOST "\r\n");
    cr_expect_str_eq(s.visitor.text,
                     "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\n"
                     "Content-Length: 13\r\n\r\n");
    /* What it has of a short body is thrown away; the connection goes on. */
    scene_forget(&s.visitor);
    scene_say(&s, &s.visitor, "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc");
    cr_expect_null(strstr(s.visitor.text, "close"));
    s.answer = NULL;
    scene_say(&s, &s.visitor, GET("/in"));
    cr_expect_str_eq(s.backend[0].text, GET("/in"));
    cr_expect_eq(s.records, 3);
    scene_close(&s);
}

BEAM_TEST(engine, an_answer_before_a_long_body_closes)
{
    static const char *const heads[] = {
        "POST / HTTP/1.1\r\n" HOST "Content-Length: 1000000\r\n\r\n",
        "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n",
    };
    static const struct answer no = {.status = 503, .fields = "Retry-After: 1\r\n"};
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        struct engine_scene s;
        scene_open(&s, NULL);
        s.answer = &no;
        scene_say(&s, &s.visitor, heads[i]);
        cr_expect_not_null(strstr(s.visitor.text, "\r\nConnection: close\r\n"), "%s", heads[i]);
        cr_expect_eq(s.visitor.err, BEAM_ECLOSED); /* shut: but it still listens */
        cr_expect_not(s.done);
        scene_say(&s, &s.visitor, "what was on its way");
        scene_shut(&s, &s.visitor);
        cr_expect(s.done);
        cr_expect_eq(s.err, 0);
        scene_close(&s);
    }
}

BEAM_TEST(engine, its_owner_may_take_its_time)
{
    struct engine_scene s;
    scene_open(&s, NULL);
    s.wait = true;
    scene_say(&s, &s.visitor, GET("/"));
    cr_expect_eq(s.asked, 1);
    cr_expect_eq(s.backends, 0);
    scene_forward(&s);
    cr_expect_str_eq(s.backend[0].text, GET("/"));
    scene_say(&s, &s.backend[0], "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    /* The kept one goes while it thinks: it is asked again. */
    scene_say(&s, &s.visitor, "POST / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n");
    cr_expect(s.kept);
    scene_shut(&s, &s.backend[0]);
    scene_forward(&s);
    cr_expect_eq(s.asked, 3);
    cr_expect_not(s.kept);
    scene_forward(&s);
    cr_expect_eq(s.backends, 2);
    cr_expect_gt(s.backend[1].len, 0);
    /* The visitor goes while it thinks. */
    scene_say(&s, &s.backend[1], "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    scene_say(&s, &s.visitor, GET("/"));
    scene_reset(&s, &s.visitor);
    cr_expect(s.done);
    cr_expect_eq(s.err, BEAM_ERESET);
    scene_close(&s);
}

BEAM_TEST(engine, a_stale_backend_costs_nothing_where_it_may_be_asked_twice)
{
    struct engine_scene s;
    scene_open(&s, NULL);
    for (int i = 0; i < 2; i++) {
        scene_say(&s, &s.visitor, GET("/"));
        scene_say(&s, &s.backend[i], "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        scene_forget(&s.visitor);
        scene_say(&s, &s.visitor, i == 0 ? GET("/") : "POST / HTTP/1.1\r\n" HOST "\r\n");
        cr_expect(s.kept);
        scene_reset(&s, &s.backend[i]);
        if (i == 0) {
            cr_expect_str_eq(s.backend[1].text, GET("/"));
            scene_say(&s, &s.backend[1], "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            cr_expect_str_eq(s.visitor.text, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        }
    }
    cr_expect_eq(strncmp(s.visitor.text, "HTTP/1.1 502 ", 13), 0);
    cr_expect_eq(s.backends, 2);
    scene_close(&s);
}

BEAM_TEST(engine, a_long_body_goes_both_ways_in_bounds)
{
    enum { LONG = 600 * 1000 };
    struct engine_scene s;
    const struct engine_limits limits = {.window = 32 * 1024};
    char *body = malloc(LONG);
    cr_assert_not_null(body);
    memset(body, 'x', LONG);
    scene_open(&s, &limits);
    scene_say(&s, &s.visitor, "PUT / HTTP/1.1\r\n" HOST "Content-Length: 600000\r\n\r\n");
    s.backend[0].deaf = true;
    scene_say_bytes(&s, &s.visitor, body, LONG);
    /* Nobody reads: what is held is what both windows and the streams hold. */
    size_t left = buf_len(&s.visitor.out);
    cr_expect_gt(left, LONG - 400 * 1000, "%zu", left);
    s.backend[0].deaf = false;
    scene_settle(&s);
    cr_expect_eq(s.backend[0].len,
                 strlen("PUT / HTTP/1.1\r\n" HOST "Content-Length: 600000\r\n\r\n") + LONG);
    s.visitor.deaf = true;
    scene_say(&s, &s.backend[0], "HTTP/1.1 200 OK\r\nContent-Length: 600000\r\n\r\n");
    scene_say_bytes(&s, &s.backend[0], body, LONG);
    left = buf_len(&s.backend[0].out);
    cr_expect_gt(left, LONG - 400 * 1000, "%zu", left);
    s.visitor.deaf = false;
    scene_settle(&s);
    cr_expect_eq(s.visitor.len, strlen("HTTP/1.1 200 OK\r\nContent-Length: 600000\r\n\r\n") + LONG);
    cr_expect_eq(s.records, 1);
    scene_close(&s);
    free(body);
}

BEAM_TEST(engine, events_go_down_as_they_come)
{
    struct engine_scene s;
    scene_open(&s, NULL);
    scene_say(&s, &s.visitor, GET("/events"));
    scene_say(&s, &s.backend[0], "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
    cr_expect_str_eq(s.visitor.text, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                                     "Transfer-Encoding: chunked\r\n\r\n");
    scene_forget(&s.visitor);
    scene_say(&s, &s.backend[0], "data: 1\n\n");
    cr_expect_str_eq(s.visitor.text, "9\r\ndata: 1\n\n\r\n");
    scene_forget(&s.visitor);
    scene_shut(&s, &s.backend[0]);
    cr_expect_str_eq(s.visitor.text, "0\r\n\r\n");
    cr_expect_not(s.done);
    /* A visitor of HTTP/1.0 knows no chunks, and no keeping without its say. */
    scene_forget(&s.visitor);
    scene_say(&s, &s.visitor, "GET /events HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    cr_expect_str_eq(s.backend[1].text, "GET /events HTTP/1.1\r\nHost: \r\n\r\n");
    scene_say(&s, &s.backend[1],
              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n");
    cr_expect_str_eq(s.visitor.text, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nab");
    scene_say(&s, &s.backend[1], "0\r\n\r\n");
    cr_expect_eq(s.visitor.err, BEAM_ECLOSED);
    scene_close(&s);
}

BEAM_TEST(engine, interim_responses_go_on)
{
    struct engine_scene s;
    scene_open(&s, NULL);
    scene_say(&s, &s.visitor,
              "POST / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    cr_expect_not_null(strstr(s.backend[0].text, "Expect: 100-continue\r\n"));
    scene_say(&s, &s.backend[0],
              "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
              "HTTP/1.1 100 Continue\r\n\r\n");
    cr_expect_str_eq(s.visitor.text, "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
                                     "HTTP/1.1 100 Continue\r\n\r\n");
    scene_say(&s, &s.visitor, "hi");
    scene_say(&s, &s.backend[0], "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    cr_expect_str_eq(s.record[0], "POST / 200 71/103");
    cr_expect_not(s.done);
    /* One who is refused before its body must not be taken to go on with it. */
    scene_forget(&s.visitor);
    scene_say(&s, &s.visitor,
              "POST / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    scene_say(&s, &s.backend[0], "HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n");
    cr_expect_str_eq(s.visitor.text,
                     "HTTP/1.1 413 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    scene_close(&s);
}

BEAM_TEST(engine, an_early_response_goes_down_while_the_body_goes_up)
{
    struct engine_scene s;
    scene_open(&s, NULL);
    scene_say(&s, &s.visitor, "POST / HTTP/1.1\r\n" HOST "Content-Length: 6\r\n\r\nabc");
    scene_say(&s, &s.backend[0], "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    cr_expect_str_eq(s.visitor.text, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    cr_expect_eq(s.records, 0);
    scene_say(&s, &s.visitor, "def");
    cr_expect_not_null(strstr(s.backend[0].text, "\r\n\r\nabcdef"));
    cr_expect_eq(s.records, 1);
    scene_say(&s, &s.visitor, GET("/"));
    cr_expect(s.kept);
    scene_close(&s);
}

BEAM_TEST(engine, a_backend_that_answers_and_leaves_is_not_waited_for)
{
    struct engine_scene s;
    scene_open(&s, NULL);
    scene_say(&s, &s.visitor, "POST / HTTP/1.1\r\n" HOST "Content-Length: 1000000\r\n\r\nabc");
    scene_say(&s, &s.backend[0],
              "HTTP/1.1 413 No\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno");
    cr_expect_str_eq(s.visitor.text,
                     "HTTP/1.1 413 No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
    cr_expect_eq(s.visitor.err, BEAM_ECLOSED);
    scene_say(&s, &s.visitor, "more of it");
    cr_expect_not(s.done);
    scene_shut(&s, &s.visitor);
    cr_expect(s.done);
    cr_expect_eq(s.err, 0);
    scene_close(&s);
}

BEAM_TEST(engine, a_half_closed_visitor_gets_its_response)
{
    struct engine_scene s;
    scene_open(&s, NULL);
    scene_say(&s, &s.visitor, GET("/"));
    scene_shut(&s, &s.visitor);
    cr_expect_not(s.done);
    scene_say(&s, &s.backend[0], "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlo");
    scene_say(&s, &s.backend[0], "ng");
    cr_expect_str_eq(s.visitor.text, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlong");
    cr_expect(s.done);
    cr_expect_eq(s.err, 0);
    scene_close(&s);
}

BEAM_TEST(engine, half_a_request_reaches_its_backend_as_broken)
{
    struct engine_scene s;
    scene_open(&s, NULL);
    scene_say(&s, &s.visitor, "POST / HTTP/1.1\r\n" HOST "Content-Length: 6\r\n\r\nabc");
    scene_shut(&s, &s.visitor);
    cr_expect(s.done);
    cr_expect_eq(s.backend[0].err, BEAM_ERESET);
    cr_expect_str_eq(s.record[0], "POST / 0 50/0");
    scene_close(&s);
}

BEAM_TEST(engine, half_a_response_reaches_its_visitor_as_broken)
{
    static const char *const heads[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    };
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        struct engine_scene s;
        scene_open(&s, NULL);
        scene_say(&s, &s.visitor, GET("/"));
        scene_say(&s, &s.backend[0], heads[i]);
        scene_shut(&s, &s.backend[0]);
        cr_expect(s.done);
        cr_expect_eq(s.visitor.err, BEAM_ERESET);
        cr_expect_null(strstr(s.visitor.text, "0\r\n\r\n"));
        scene_close(&s);
    }
}

BEAM_TEST(engine, a_switch_that_was_asked_for_is_made)
{
    static const char ask[] =
        "GET /ws HTTP/1.1\r\n" HOST "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\r\n";
    struct engine_scene s;
    scene_open(&s, NULL);
    scene_say(&s, &s.visitor, ask);
    cr_expect_str_eq(s.backend[0].text, "GET /ws HTTP/1.1\r\n" HOST
                                        "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
    scene_forget(&s.backend[0]);
    scene_say(&s, &s.backend[0],
              "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
              "Connection: Upgrade\r\n\r\nhello");
    cr_expect_str_eq(s.visitor.text, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                                     "Connection: Upgrade\r\n\r\nhello");
    scene_forget(&s.visitor);
    scene_say(&s, &s.visitor, "GET / HTTP/9\n\n");
    cr_expect_str_eq(s.backend[0].text, "GET / HTTP/9\n\n");
    scene_say(&s, &s.backend[0], "bye");
    scene_shut(&s, &s.backend[0]);
    scene_shut(&s, &s.visitor);
    cr_expect_str_eq(s.visitor.text, "bye");
    cr_expect(s.done);
    cr_assert_eq(s.records, 2);
    cr_expect_str_eq(s.record[0], "GET /ws 101 82/77");
    cr_expect_str_eq(s.record[1], "  0 14/8");
    scene_close(&s);
}

BEAM_TEST(engine, what_makes_no_sense_is_refused)
{
    static const struct {
        const char *status, *said;
    } bad[] = {
        {"400", "\x16\x03\x01\x02\x01"},
        {"400", "GET / HTTP/1.1\r\n\r\n"},
        {"400", "GET / HTTP/1.1\n" HOST "\r\n"},
        {"505", "GET / HTTP/1.2\r\n" HOST "\r\n"},
        {"501", "CONNECT a:1 HTTP/1.1\r\n" HOST "\r\n"},
        {"417", "POST / HTTP/1.1\r\n" HOST "Expect: more\r\n\r\n"},
        {"413", "POST / HTTP/1.1\r\n" HOST "Content-Length: 101\r\n\r\n"},
        {"400", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nx\r\n"},
        {"413", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nff\r\n"
                "0123456789012345678901234567890123456789012345678901234567890123456789012345678901"
                "23456789012345678901\r\n0\r\n\r\n"},
    };
    const struct engine_limits limits = {.body_max = 100};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct engine_scene s;
        scene_open(&s, &limits);
        scene_say(&s, &s.visitor, bad[i].said);
        cr_expect_eq(strncmp(s.visitor.text, "HTTP/1.1 ", 9), 0, "%s", bad[i].said);
        cr_expect_eq(strncmp(s.visitor.text + 9, bad[i].status, 3), 0, "%s: %s", bad[i].said,
                     s.visitor.text);
        cr_expect_not_null(strstr(s.visitor.text, "Connection: close\r\n"));
        cr_expect_eq(s.visitor.err, BEAM_ECLOSED);
        cr_expect_eq(s.records, 1);
        scene_close(&s);
    }
}

BEAM_TEST(engine, a_backend_that_makes_no_sense_is_a_502)
{
    static const char *const bad[] = {
        "SSH-2.0-x\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
        "HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\na",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\na",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer_Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\x01\r\n\r\n",
        "HTTP/1.1 204 None\r\nContent-Length: 1\r\n\r\na",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        "HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct engine_scene s;
        scene_open(&s, NULL);
        scene_say(&s, &s.visitor, GET("/"));
        scene_say(&s, &s.backend[0], bad[i]);
        cr_expect_eq(strncmp(s.visitor.text, "HTTP/1.1 502 ", 13), 0, "%s: %s", bad[i],
                     s.visitor.text);
        cr_expect_neq(s.backend[0].err, 0);
        cr_expect_not(s.done); /* the visitor did nothing wrong */
        scene_close(&s);
    }
}

/* ---- deadlines ------------------------------------------------------------------------------- */

static bool is_done(void *arg)
{
    struct engine_scene *s = arg;
    scene_settle(s);
    return s->done || s->visitor.err != 0;
}

static bool has_answer(void *arg)
{
    struct engine_scene *s = arg;
    scene_settle(s);
    return s->visitor.len > 0;
}

BEAM_TEST(engine, who_says_nothing_is_closed)
{
    const struct engine_limits limits = {.idle_ms = 20};
    struct engine_scene s;
    scene_open(&s, &limits);
    cr_assert(until(s.loop, is_done, &s));
    cr_expect_eq(s.visitor.len, 0);
    cr_expect_eq(s.err, 0);
    scene_close(&s);
}

BEAM_TEST(engine, a_head_has_its_time_however_it_trickles)
{
    const struct engine_limits limits = {.head_ms = 50};
    struct engine_scene s;
    scene_open(&s, &limits);
    scene_say(&s, &s.visitor, "GET / HTT");
    uint64_t since = loop_now(s.loop);
    while (s.visitor.len == 0 && loop_now(s.loop) - since < UNTIL_MS)
        scene_say(&s, &s.visitor, "P");
    cr_expect_eq(strncmp(s.visitor.text, "HTTP/1.1 4", 10), 0);
    scene_close(&s);
}

BEAM_TEST(engine, a_trickled_head_is_one_head)
{
    static const char head[] = "GET /x HTTP/1.1\r\n" HOST "X: y\r\n\r\n";
    static const char response[] = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1";
    struct engine_scene s;
    scene_open(&s, NULL);
    for (size_t i = 0; i < sizeof(head) - 1; i++)
        scene_say_bytes(&s, &s.visitor, head + i, 1);
    cr_assert_eq(s.backends, 1);
    cr_expect_str_eq(s.backend[0].text, head);
    for (size_t i = 0; i < sizeof(response) - 1; i++)
        scene_say_bytes(&s, &s.backend[0], response + i, 1);
    cr_expect_str_eq(s.visitor.text, response);
    scene_close(&s);
}

BEAM_TEST(engine, a_backend_that_does_not_answer_is_a_504)
{
    const struct engine_limits limits = {.response_ms = 20};
    struct engine_scene s;
    scene_open(&s, &limits);
    scene_say(&s, &s.visitor, GET("/"));
    cr_assert(until(s.loop, has_answer, &s));
    cr_expect_eq(strncmp(s.visitor.text, "HTTP/1.1 504 ", 13), 0, "%s", s.visitor.text);
    cr_expect_neq(s.backend[0].err, 0);
    scene_close(&s);
}

BEAM_TEST(engine, a_body_that_does_not_come_is_a_408)
{
    const struct engine_limits limits = {.idle_ms = 300};
    struct engine_scene s;
    scene_open(&s, &limits);
    scene_say(&s, &s.visitor, "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\na");
    cr_assert(until(s.loop, has_answer, &s));
    cr_expect_eq(strncmp(s.visitor.text, "HTTP/1.1 408 ", 13), 0, "%s", s.visitor.text);
    scene_close(&s);
}

/* Reads so many bytes a millisecond of what there is for a visitor who is deaf, until it has ended
 * or so long has passed. Returns the longest time, in ms, that it did not come to reading. */
static uint64_t sips(struct engine_scene *s, size_t bytes, uint64_t ms)
{
    struct buf got;
    uint64_t since = loop_now(s->loop), last = since, longest = 0;
    buf_init(&got, loop_pool(s->loop), bytes);
    while (!s->done && loop_now(s->loop) - since < ms) {
        if (loop_now(s->loop) != last)
            (void)stream_read(s->visitor.stream, &got, bytes);
        last = loop_now(s->loop);
        buf_clear(&got);
        cr_assert_eq(loop_turn(s->loop), 0);
        if (loop_now(s->loop) - last > longest)
            longest = loop_now(s->loop) - last;
    }
    return longest;
}

/* Returns how long, in ms, nothing was read meanwhile. */
static uint64_t ask_for_much(struct engine_scene *s, const struct engine_limits *limits)
{
    static char much[512 * 1024];
    scene_open(s, limits);
    scene_say(s, &s->visitor, GET("/"));
    s->visitor.deaf = true;
    scene_say(s, &s->backend[0], "HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n");
    cr_assert_eq(buf_add(&s->backend[0].out, much, sizeof(much)), 0);
    uint64_t since = loop_now(s->loop);
    scene_settle(s);
    return loop_now(s->loop) - since;
}

BEAM_TEST(engine, who_takes_a_byte_now_and_then_is_closed)
{
    const struct engine_limits limits = {.idle_ms = 300, .rate = 1000 * 1000};
    struct engine_scene s;
    (void)ask_for_much(&s, &limits);
    (void)sips(&s, 1, UNTIL_MS);
    cr_expect(s.done);
    cr_expect_eq(s.err, BEAM_ETIMEOUT);
    scene_close(&s);
}

BEAM_TEST(engine, who_takes_as_much_as_it_must_is_not)
{
    const struct engine_limits limits = {.idle_ms = 200, .rate = 1};
    struct engine_scene s;
    uint64_t waited = ask_for_much(&s, &limits); /* a machine may let us: it took nothing then */
    cr_expect(waited + sips(&s, 1, 700) >= limits.idle_ms / 2 || !s.done);
    (void)sips(&s, 0, UNTIL_MS);
    cr_expect(s.done, "but who takes nothing");
    scene_close(&s);
}

BEAM_TEST(engine, events_may_be_rare)
{
    const struct engine_limits limits = {.idle_ms = 300, .rate = 1000 * 1000};
    struct engine_scene s;
    scene_open(&s, &limits);
    scene_say(&s, &s.visitor, GET("/"));
    scene_say(&s, &s.backend[0],
              "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n");
    uint64_t since = loop_now(s.loop);
    while (loop_now(s.loop) - since < 2 * limits.idle_ms)
        cr_assert_eq(loop_turn(s.loop), 0);
    cr_expect_not(s.done);
    scene_say(&s, &s.backend[0], "data: 2\n\n");
    cr_expect_not_null(strstr(s.visitor.text, "data: 2"), "%s", s.visitor.text);
    scene_close(&s);
}
