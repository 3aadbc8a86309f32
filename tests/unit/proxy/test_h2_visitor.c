/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/loop/until.h"
#include "tests/unit/proxy/h2_visitor_scene.h"

#define GET    ":method: GET\n:scheme: https\n:path: /x\n:authority: a\n"
#define POST   ":method: POST\n:scheme: https\n:path: /x\n:authority: a\n"
#define SOCKET ":method: CONNECT\n:scheme: https\n:path: /ws\n:authority: a\n:protocol: websocket\n"
#define ACCEPT "ICX+Yqv66kxgM0FcWaLWlFLwTAI=" /* of a key of zeros */
#define SWITCH                                                                                     \
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"            \
    "Sec-WebSocket-Accept: " ACCEPT "\r\n\r\n"
#define SAY(text) text, sizeof(text) - 1

BEAM_TEST(h2_visitor, a_request_goes_up_and_its_response_down)
{
    struct h2_visitor_scene s;
    h2_visitor_scene_open(&s, 0);
    int32_t id = h2_client_request(&s.client, GET "x-a: b\n", true);
    h2_visitor_scene_settle(&s);
    cr_assert_eq(s.requests, 1);
    cr_expect_str_eq(s.request[0].text, "GET /x HTTP/1.1\r\nHost: a\r\nx-a: b\r\n\r\n");
    h2_visitor_scene_say(&s, 0, SAY("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"));
    struct h2_client_stream *stream = h2_client_stream(&s.client, id);
    cr_expect_str_eq(stream->head, ":status: 200\ncontent-length: 5\n");
    cr_expect_str_eq(stream->body, "hello");
    cr_expect(stream->closed && stream->code == NGHTTP2_NO_ERROR);
    cr_expect_eq(s.open, 0);
    cr_expect_not(s.done);
    h2_visitor_scene_close(&s);
}

BEAM_TEST(h2_visitor, bodies_without_a_length_go_both_ways)
{
    struct h2_visitor_scene s;
    h2_visitor_scene_open(&s, 0);
    int32_t id = h2_client_request(&s.client, POST, false);
    h2_visitor_scene_settle(&s);
    h2_client_content(&s.client, id, "abc", 3, false);
    h2_visitor_scene_settle(&s);
    h2_visitor_scene_say(&s, 0,
                         SAY("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n"
                             "one\r\n"));
    struct h2_client_stream *stream = h2_client_stream(&s.client, id);
    cr_expect_str_eq(stream->body, "one");
    h2_client_content(&s.client, id, "de", 2, true);
    h2_visitor_scene_settle(&s);
    cr_expect_str_eq(s.request[0].text, "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked"
                                        "\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    h2_visitor_scene_say(&s, 0, SAY("2\r\ntw\r\n0\r\nTrailer: x\r\nX-Sum: 5\r\n\r\n"));
    cr_expect_str_eq(stream->head, ":status: 200\nx-sum: 5\n");
    cr_expect_str_eq(stream->body, "onetw");
    cr_expect(stream->closed && stream->code == NGHTTP2_NO_ERROR);
    cr_expect_eq(s.open, 0);
    h2_visitor_scene_close(&s);
}

BEAM_TEST(h2_visitor, a_length_is_kept_and_a_response_until_close_ends)
{
    struct h2_visitor_scene s;
    h2_visitor_scene_open(&s, 0);
    int32_t id = h2_client_request(&s.client, POST "content-length: 3\n", false);
    h2_client_content(&s.client, id, "abc", 3, true);
    h2_visitor_scene_settle(&s);
    cr_expect_str_eq(s.request[0].text,
                     "POST /x HTTP/1.1\r\nHost: a\r\ncontent-length: 3\r\n\r\nabc");
    h2_visitor_scene_say(&s, 0, SAY("HTTP/1.0 200 OK\r\n\r\nto the end"));
    cr_assert_eq(stream_shut(s.request[0].backend), 0);
    h2_visitor_scene_settle(&s);
    cr_expect_str_eq(h2_client_stream(&s.client, id)->body, "to the end");
    cr_expect(h2_client_stream(&s.client, id)->ended);
    h2_visitor_scene_close(&s);
}

BEAM_TEST(h2_visitor, responses_without_bodies)
{
    static const struct {
        const char *request, *response, *head;
    } kinds[] = {
        {":method: HEAD\n:scheme: https\n:path: /\n:authority: a\n",
         "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", ":status: 200\ncontent-length: 9\n"},
        {GET, "HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n", ":status: 304\netag: x\n"},
        {GET, "HTTP/1.1 204 No Content\r\n\r\n", ":status: 204\n"},
        {GET, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ":status: 200\ncontent-length: 0\n"},
    };
    struct h2_visitor_scene s;
    h2_visitor_scene_open(&s, 0);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        int32_t id = h2_client_request(&s.client, kinds[i].request, true);
        h2_visitor_scene_settle(&s);
        h2_visitor_scene_say(&s, i, kinds[i].response, strlen(kinds[i].response));
        cr_expect_str_eq(h2_client_stream(&s.client, id)->head, kinds[i].head);
        cr_expect(h2_client_stream(&s.client, id)->closed);
        cr_expect_eq(h2_client_stream(&s.client, id)->code, NGHTTP2_NO_ERROR);
    }
    cr_expect_eq(s.open, 0);
    h2_visitor_scene_close(&s);
}

BEAM_TEST(h2_visitor, an_answer_of_the_owners_own_before_the_body_came)
{
    struct h2_visitor_scene s;
    h2_visitor_scene_open(&s, 0);
    s.answers = 404;
    int32_t id = h2_client_request(&s.client, POST, false);
    h2_visitor_scene_settle(&s);
    struct h2_client_stream *stream = h2_client_stream(&s.client, id);
    cr_expect_eq(strncmp(stream->head, ":status: 404\n", 13), 0);
    cr_expect_str_eq(stream->body, "Not Found\n");
    cr_expect(stream->closed && stream->code == NGHTTP2_NO_ERROR);
    cr_expect_eq(s.open, 0);
    h2_visitor_scene_close(&s);
}

BEAM_TEST(h2_visitor, what_the_judge_refuses_is_refused)
{
    struct h2_visitor_scene s;
    h2_visitor_scene_open(&s, 0);
    h2_visitor_scene_settle(&s);
    int32_t connect = h2_client_request(&s.client, ":method: CONNECT\n:authority: a:1\n", false);
    int32_t fragment = h2_client_request(
        &s.client, ":method: GET\n:scheme: https\n:path: /#x\n:authority: a\n", true);
    h2_visitor_scene_settle(&s);
    cr_expect_eq(strncmp(h2_client_stream(&s.client, connect)->head, ":status: 501\n", 13), 0);
    cr_expect_eq(strncmp(h2_client_stream(&s.client, fragment)->head, ":status: 400\n", 13), 0);
    cr_expect_eq(s.open, 0);
    cr_expect_null(s.request[0].backend);
    h2_visitor_scene_close(&s);
}

BEAM_TEST(h2_visitor, a_websocket)
{
    struct h2_visitor_scene s;
    h2_visitor_scene_open(&s, 0);
    h2_visitor_scene_settle(&s);
    int32_t id = h2_client_request(&s.client,
                                   ":method: CONNECT\n:scheme: https\n:path: /ws\n:authority: a\n"
                                   ":protocol: websocket\nsec-websocket-version: 13\n",
                                   false);
    h2_visitor_scene_settle(&s);
    cr_assert_eq(s.requests, 1);
    cr_expect_not_null(strstr(s.request[0].text, "\r\nUpgrade: websocket\r\n"));
    cr_expect_not_null(strstr(s.request[0].text, "\r\nConnection: Upgrade\r\n"));
    h2_visitor_scene_say(&s, 0,
                         SAY("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                             "Upgrade: websocket\r\nSec-WebSocket-Accept: " ACCEPT "\r\n\r\nhi"));
    struct h2_client_stream *stream = h2_client_stream(&s.client, id);
    cr_expect_str_eq(stream->head, ":status: 200\n");
    cr_expect_str_eq(stream->body, "hi");
    size_t heard = s.request[0].len;
    h2_client_content(&s.client, id, "there", 5, true);
    h2_visitor_scene_settle(&s);
    cr_expect_str_eq(s.request[0].text + heard, "there");
    cr_expect_eq(s.request[0].err, BEAM_ECLOSED);
    cr_expect_not(stream->ended);
    h2_visitor_scene_say(&s, 0, SAY("bye"));
    cr_assert_eq(stream_shut(s.request[0].backend), 0);
    h2_visitor_scene_settle(&s);
    cr_expect_str_eq(stream->body, "hibye");
    cr_expect(stream->closed && stream->code == NGHTTP2_NO_ERROR);
    cr_expect_eq(s.open, 0);
    h2_visitor_scene_close(&s);
}

BEAM_TEST(h2_visitor, a_websocket_whose_first_bytes_come_before_it_is_granted)
{
    struct h2_visitor_scene s;
    h2_visitor_scene_open(&s, 0);
    h2_visitor_scene_settle(&s);
    int32_t id = h2_client_request(&s.client, SOCKET, false);
    h2_client_content(&s.client, id, "early", 5, false);
    h2_visitor_scene_settle(&s);
    cr_assert_eq(s.requests, 1);
    size_t heard = s.request[0].len;
    h2_visitor_scene_say(&s, 0, SAY(SWITCH));
    cr_expect_str_eq(s.request[0].text + heard, "early");
    h2_client_content(&s.client, id, "more", 4, false);
    h2_visitor_scene_settle(&s);
    cr_expect_str_eq(s.request[0].text + heard, "earlymore");
    h2_visitor_scene_close(&s);
}

BEAM_TEST(h2_visitor, a_websocket_that_the_backend_does_not_know)
{
    static const char *const answers[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno",
    };
    static const char *const statuses[] = {":status: 502\n", ":status: 404\n"};
    struct h2_visitor_scene s;
    h2_visitor_scene_open(&s, 0);
    h2_visitor_scene_settle(&s);
    for (size_t i = 0; i < 2; i++) {
        int32_t id = h2_client_request(
            &s.client,
            ":method: CONNECT\n:scheme: https\n:path: /ws\n:authority: a\n:protocol: websocket\n",
            false);
        h2_visitor_scene_settle(&s);
        h2_visitor_scene_say(&s, i, answers[i], strlen(answers[i]));
        struct h2_client_stream *stream = h2_client_stream(&s.client, id);
        cr_expect_eq(strncmp(stream->head, statuses[i], strlen(statuses[i])), 0);
        cr_expect(stream->ended && stream->closed, "%zu", i);
        cr_expect_eq(s.open, 0, "%zu", i);
    }
    h2_visitor_scene_close(&s);
}

BEAM_TEST(h2_visitor, a_request_that_is_not_taken_may_be_made_again)
{
    struct h2_visitor_scene s;
    h2_visitor_scene_open(&s, 0);
    s.full = true;
    int32_t id = h2_client_request(&s.client, GET, true);
    h2_visitor_scene_settle(&s);
    cr_expect_eq(h2_client_stream(&s.client, id)->code, NGHTTP2_REFUSED_STREAM);
    s.full = false;
    (void)h2_client_request(&s.client, GET, true);
    h2_visitor_scene_settle(&s);
    cr_expect_eq(s.requests, 1);
    h2_visitor_scene_close(&s);
}

BEAM_TEST(h2_visitor, a_backend_that_is_lost_ends_its_stream_alone)
{
    struct h2_visitor_scene s;
    h2_visitor_scene_open(&s, 0);
    int32_t lost = h2_client_request(&s.client, GET, true);
    int32_t other = h2_client_request(&s.client, GET, true);
    h2_visitor_scene_settle(&s);
    h2_visitor_scene_say(&s, 0, SAY("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel"));
    stream_reset(s.request[0].backend);
    h2_visitor_scene_settle(&s);
    cr_expect_eq(h2_client_stream(&s.client, lost)->code, NGHTTP2_INTERNAL_ERROR);
    cr_expect(h2_client_stream(&s.client, lost)->closed);
    h2_visitor_scene_say(&s, 1, SAY("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
    cr_expect_str_eq(h2_client_stream(&s.client, other)->body, "ok");
    h2_visitor_scene_close(&s);
}

BEAM_TEST(h2_visitor, a_request_that_is_taken_back_leaves_its_backend)
{
    struct h2_visitor_scene s;
    h2_visitor_scene_open(&s, 0);
    int32_t id = h2_client_request(&s.client, GET, true);
    h2_visitor_scene_settle(&s);
    cr_expect_eq(s.open, 1);
    (void)nghttp2_submit_rst_stream(s.client.session, 0, id, NGHTTP2_CANCEL);
    h2_visitor_scene_settle(&s);
    cr_expect_eq(s.open, 0);
    cr_expect_lt(s.request[0].err, 0);
    h2_visitor_scene_close(&s);
}

BEAM_TEST(h2_visitor, large_bodies_both_ways_beside_one_that_nobody_reads)
{
    enum { SIZE = 700 * 1000 };
    struct h2_visitor_scene s;
    char *bytes = malloc(SIZE);
    cr_assert_not_null(bytes);
    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (char)(i * i >> 3);
    h2_visitor_scene_open(&s, 0);
    int32_t slow = h2_client_request(&s.client, POST, false);
    h2_client_content(&s.client, slow, bytes, SIZE, true);
    h2_visitor_scene_settle(&s);
    s.request[0].deaf = true;
    int32_t id = h2_client_request(&s.client, POST "content-length: 700000\n", false);
    h2_client_content(&s.client, id, bytes, SIZE, true);
    h2_visitor_scene_settle(&s);
    const char *body = strstr(s.request[1].text, "\r\n\r\n");
    cr_assert_not_null(body);
    cr_assert_eq(s.request[1].len - (size_t)(body + 4 - s.request[1].text), SIZE);
    cr_expect_arr_eq(body + 4, bytes, SIZE);
    h2_visitor_scene_say(&s, 1, SAY("HTTP/1.1 200 OK\r\nContent-Length: 700000\r\n\r\n"));
    h2_visitor_scene_say(&s, 1, bytes, SIZE);
    cr_assert_eq(h2_client_stream(&s.client, id)->len, SIZE);
    cr_expect_arr_eq(h2_client_stream(&s.client, id)->body, bytes, SIZE);
    cr_expect_eq(s.open, 1);
    h2_visitor_scene_close(&s);
    free(bytes);
}

BEAM_TEST(h2_visitor, one_that_goes_takes_its_requests_along)
{
    struct h2_visitor_scene s;
    h2_visitor_scene_open(&s, 0);
    (void)h2_client_request(&s.client, GET, true);
    (void)h2_client_request(&s.client, POST, false);
    h2_visitor_scene_settle(&s);
    cr_expect_eq(s.open, 2);
    stream_reset(s.far);
    h2_visitor_scene_settle(&s);
    cr_expect_eq(s.open, 0);
    cr_expect(s.done);
    cr_expect_eq(s.err, BEAM_ERESET);
    h2_visitor_scene_close(&s);
}

BEAM_TEST(h2_visitor, goodbye_is_said_to_one_that_is_ended)
{
    struct h2_visitor_scene s;
    h2_visitor_scene_open(&s, 0);
    (void)h2_client_request(&s.client, GET, true);
    h2_visitor_scene_settle(&s);
    engine_free(s.request[0].engine);
    s.request[0].engine = NULL;
    h2_visitor_free(s.visitor);
    s.visitor = NULL;
    h2_visitor_scene_settle(&s);
    cr_expect(s.client.away);
    cr_expect_eq(s.client.away_code, NGHTTP2_NO_ERROR);
    cr_expect(s.away);
    h2_visitor_scene_close(&s);
}

BEAM_TEST(h2_visitor, one_that_says_nothing_has_a_deadline)
{
    struct h2_visitor_scene s;
    h2_visitor_scene_open(&s, 50);
    h2_visitor_scene_settle(&s);
    cr_expect(until_flag(s.loop, &s.done));
    cr_expect_eq(s.err, 0);
    h2_visitor_scene_settle(&s);
    cr_expect(s.client.away);
    h2_visitor_scene_close(&s);
}

BEAM_TEST(h2_visitor, one_that_takes_nothing_has_a_deadline)
{
    enum { SIZE = 300 * 1000 };
    struct h2_visitor_scene s;
    char *bytes = calloc(1, SIZE);
    cr_assert_not_null(bytes);
    h2_visitor_scene_open(&s, 50);
    (void)nghttp2_session_set_local_window_size(s.client.session, 0, 0, 1 << 24);
    static const nghttp2_settings_entry wide = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 24};
    cr_assert_eq(nghttp2_submit_settings(s.client.session, 0, &wide, 1), 0);
    (void)h2_client_request(&s.client, GET, true);
    h2_visitor_scene_settle(&s);
    s.stuck = true;
    h2_visitor_scene_say(&s, 0, SAY("HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n"));
    h2_visitor_scene_say(&s, 0, bytes, SIZE);
    cr_expect(until_flag(s.loop, &s.done));
    cr_expect_eq(s.err, BEAM_ETIMEOUT);
    cr_expect_eq(s.open, 0);
    h2_visitor_scene_close(&s);
    free(bytes);
}
