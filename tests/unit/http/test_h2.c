/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/http/h2_scene.h"

#define GET    ":method: GET\n:scheme: https\n:path: /x\n:authority: a\n"
#define POST   ":method: POST\n:scheme: https\n:path: /x\n:authority: a\n"
#define ACCEPT "ICX+Yqv66kxgM0FcWaLWlFLwTAI=" /* of a key of zeros */
#define OK     "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"

BEAM_TEST(h2, a_request_and_its_response)
{
    struct h2_scene s;
    h2_scene_open(&s);
    int32_t id = h2_client_request(&s.client, GET "x-a: b\n", true);
    h2_scene_run(&s);
    cr_assert_eq(s.cores, 1);
    cr_expect_str_eq(h2_scene_heard(&s, 0), "GET /x HTTP/1.1\r\nHost: a\r\nx-a: b\r\n\r\n");
    cr_expect(s.core[0]->in_ended);
    h2_scene_respond(&s, 0,
                     "HTTP/1.1 200 Fine\r\nConnection: close\r\nContent-Type: text/plain\r\n"
                     "Transfer-Encoding: chunked\r\nKeep-Alive: 5\r\nSET-Cookie: a=b\r\n\r\n",
                     false);
    h2_scene_content(&s, 0, "hello ", 6, false);
    h2_scene_content(&s, 0, "world", 5, true);
    struct h2_client_stream *stream = h2_client_stream(&s.client, id);
    cr_expect_str_eq(stream->head, ":status: 200\ncontent-type: text/plain\nset-cookie: a=b\n");
    cr_expect_str_eq(stream->body, "hello world");
    cr_expect(stream->closed && stream->code == NGHTTP2_NO_ERROR);
    cr_expect_eq(h2_streams(s.h2), 1);
    h2_scene_forget(&s, 0);
    cr_expect_eq(h2_streams(s.h2), 0);
    cr_expect_eq(s.err, 0);
    h2_scene_close(&s);
}

BEAM_TEST(h2, says_what_it_allows)
{
    struct h2_scene s;
    h2_scene_open(&s);
    h2_scene_run(&s);
    cr_expect_eq(s.client.max_streams, H2_STREAMS);
    cr_expect_eq(s.client.header_list, H2_REQUEST_LIST_MAX);
    cr_expect_eq(s.client.connect, 1);
    h2_scene_close(&s);
}

BEAM_TEST(h2, interim_responses_come_before_the_one_that_counts)
{
    struct h2_scene s;
    h2_scene_open(&s);
    int32_t id = h2_client_request(&s.client, POST "expect: 100-continue\n", false);
    h2_scene_run(&s);
    h2_scene_respond(&s, 0, "HTTP/1.1 100 Continue\r\n\r\n", false);
    h2_scene_respond(&s, 0, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", false);
    h2_client_content(&s.client, id, "body", 4, true);
    h2_scene_run(&s);
    cr_expect_not_null(strstr(h2_scene_heard(&s, 0), "\r\n\r\nbody"));
    h2_scene_respond(&s, 0, "HTTP/1.1 204 No Content\r\n\r\n", true);
    cr_expect_str_eq(h2_client_stream(&s.client, id)->head,
                     ":status: 100\n:status: 103\nlink: </a>\n:status: 204\n");
    cr_expect(h2_client_stream(&s.client, id)->closed);
    h2_scene_close(&s);
}

BEAM_TEST(h2, a_reader_that_stops_holds_its_own_stream_alone)
{
    struct h2_scene s;
    h2_scene_open(&s);
    char *bytes = calloc(1, 2 * H2_WINDOW);
    cr_assert_not_null(bytes);
    int32_t slow = h2_client_request(&s.client, POST, false);
    int32_t fast = h2_client_request(&s.client, POST, false);
    h2_client_content(&s.client, slow, bytes, 2 * H2_WINDOW, true);
    h2_scene_run(&s);
    cr_assert_eq(s.cores, 2);
    cr_expect_eq(buf_len(&s.core[0]->in), H2_WINDOW);
    for (int i = 0; i < 40; i++) {
        h2_client_content(&s.client, fast, bytes, H2_WINDOW, false);
        h2_scene_run(&s);
        cr_assert_eq(buf_len(&s.core[1]->in), H2_WINDOW, "%d", i);
        (void)h2_scene_heard(&s, 1);
    }
    cr_expect_eq(buf_len(&s.core[0]->in), H2_WINDOW);
    (void)h2_scene_heard(&s, 0);
    cr_expect_eq(buf_len(&s.core[0]->in), H2_WINDOW);
    cr_expect(s.core[0]->in_ended);
    h2_scene_close(&s);
    free(bytes);
}

static bool on_wide(void *arg, bool more)
{
    size_t *left = arg;
    if (more && *left == 0)
        return false;
    *left = more ? *left - 1 : *left + 1;
    return true;
}

/* How many of one more than may be are wide, where `left` may; and each until it was heard. */
static void widen(size_t left)
{
    struct h2_scene s;
    size_t most = left < H2_WIDE_MAX ? left : H2_WIDE_MAX, before = left;
    h2_scene_open(&s);
    h2_on_wide(s.h2, on_wide, &left);
    char *bytes = calloc(1, 2 * H2_WIDE);
    cr_assert_not_null(bytes);
    for (size_t i = 0; i <= most; i++) {
        int32_t id = h2_client_request(&s.client, POST, false);
        h2_client_content(&s.client, id, bytes, 2 * H2_WIDE, true);
        h2_scene_run(&s);
        (void)h2_scene_heard(&s, i);
        (void)h2_scene_heard(&s, i);
        cr_expect_eq(buf_len(&s.core[i]->in), i < most ? H2_WIDE : H2_WINDOW, "%zu", i);
    }
    cr_expect_eq(left, before - most);
    for (size_t i = 0; most > 0 && i < 2; i++)
        (void)h2_scene_heard(&s, 0);
    cr_expect_eq(left, before - most + (most > 0), "all of the first was heard");
    h2_scene_close(&s);
    cr_expect_eq(left, before);
    free(bytes);
}

BEAM_TEST(h2, few_streams_at_once_have_wide_windows)
{
    widen(H2_WIDE_MAX + 1);
    widen(1);
    widen(0);
}

BEAM_TEST(h2, a_client_that_does_not_read_holds_its_own_stream_alone)
{
    struct h2_scene s;
    h2_scene_open(&s);
    static char bytes[H2_OUT];
    int32_t slow = h2_client_request(&s.client, GET, true);
    h2_scene_run(&s);
    s.client.holds = true;
    h2_scene_respond(&s, 0, OK, false);
    h2_scene_content(&s, 0, bytes, 60000, false);
    s.client.holds = false;
    (void)nghttp2_session_consume_connection(s.client.session, 60000);
    h2_scene_content(&s, 0, bytes, 20000, false);
    cr_expect_eq(h2_client_stream(&s.client, slow)->len, 65535);
    int32_t fast = h2_client_request(&s.client, GET, true);
    h2_scene_run(&s);
    h2_scene_respond(&s, 1, OK, false);
    for (int i = 0; i < 10; i++)
        h2_scene_content(&s, 1, bytes, sizeof(bytes), i == 9);
    cr_expect_eq(h2_client_stream(&s.client, fast)->len, 10 * sizeof(bytes));
    cr_expect(h2_client_stream(&s.client, fast)->closed);
    cr_expect_eq(h2_client_stream(&s.client, slow)->len, 65535);
    h2_scene_close(&s);
}

BEAM_TEST(h2, a_stream_that_its_client_ends_fails)
{
    struct h2_scene s;
    h2_scene_open(&s);
    int32_t id = h2_client_request(&s.client, POST, false);
    h2_scene_run(&s);
    (void)nghttp2_submit_rst_stream(s.client.session, 0, id, NGHTTP2_CANCEL);
    h2_scene_run(&s);
    cr_expect_eq(s.core[0]->failed, BEAM_ERESET);
    cr_expect(s.news[0] & H2_NEWS_FAILED);
    cr_expect_eq(h2_streams(s.h2), 1);
    h2_scene_forget(&s, 0);
    cr_expect_eq(h2_streams(s.h2), 0);
    h2_scene_close(&s);
}

BEAM_TEST(h2, one_that_is_over_before_it_was_heard_of_is_heard_of_by_nobody)
{
    struct h2_scene s;
    uint8_t bytes[512];
    size_t len = 0;
    h2_scene_open(&s);
    h2_scene_run(&s);
    int32_t id = h2_client_request(&s.client, GET, true);
    const uint8_t *data;
    for (size_t n; (n = h2_client_send(&s.client, &data)) > 0; len += n)
        memcpy(bytes + len, data, n);
    (void)nghttp2_submit_rst_stream(s.client.session, 0, id, NGHTTP2_CANCEL);
    for (size_t n; (n = h2_client_send(&s.client, &data)) > 0; len += n)
        memcpy(bytes + len, data, n);
    h2_scene_feed(&s, bytes, len);
    cr_expect_eq(s.cores, 0);
    cr_expect_eq(h2_streams(s.h2), 0);
    h2_scene_close(&s);
}

BEAM_TEST(h2, a_response_may_end_before_its_request)
{
    struct h2_scene s;
    h2_scene_open(&s);
    int32_t id = h2_client_request(&s.client, POST, false);
    h2_scene_run(&s);
    h2_scene_respond(&s, 0, "HTTP/1.1 413 Content Too Large\r\n\r\n", false);
    h2_scene_content(&s, 0, "no", 2, true);
    cr_expect_not(h2_client_stream(&s.client, id)->closed);
    h2_scene_forget(&s, 0);
    h2_scene_run(&s);
    struct h2_client_stream *stream = h2_client_stream(&s.client, id);
    cr_expect(stream->ended && stream->closed);
    cr_expect_eq(stream->code, NGHTTP2_NO_ERROR);
    cr_expect_str_eq(stream->body, "no");
    cr_expect_eq(h2_streams(s.h2), 0);
    h2_scene_close(&s);
}

BEAM_TEST(h2, what_is_let_go_is_sent_or_reset)
{
    struct h2_scene s;
    h2_scene_open(&s);
    static char bytes[H2_OUT];
    int32_t ids[3];
    for (int i = 0; i < 3; i++)
        ids[i] = h2_client_request(&s.client, GET, true);
    h2_scene_run(&s);
    struct http_head head;
    cr_assert_gt(http_head_parse(OK, sizeof(OK) - 1, HTTP_RESPONSE, &head), 0);
    cr_assert_eq(h2_respond(s.core[0], &head, false), 0);
    cr_assert_eq(buf_add(&s.core[0]->out, bytes, sizeof(bytes)), 0);
    h2_finish(s.core[0]);
    cr_assert_eq(h2_respond(s.core[1], &head, false), 0);
    cr_assert_eq(buf_add(&s.core[1]->out, bytes, 10), 0);
    h2_more(s.core[1]);
    for (size_t i = 0; i < 3; i++)
        h2_scene_forget(&s, i);
    h2_scene_run(&s);
    cr_expect_eq(h2_client_stream(&s.client, ids[0])->len, sizeof(bytes));
    cr_expect_eq(h2_client_stream(&s.client, ids[0])->code, NGHTTP2_NO_ERROR);
    cr_expect_eq(h2_client_stream(&s.client, ids[1])->code, NGHTTP2_INTERNAL_ERROR);
    cr_expect_eq(h2_client_stream(&s.client, ids[2])->code, NGHTTP2_INTERNAL_ERROR);
    cr_expect_eq(h2_streams(s.h2), 0);
    h2_scene_close(&s);
}

#define SOCKET ":method: CONNECT\n:scheme: https\n:path: /ws\n:authority: a\n:protocol: websocket\n"

BEAM_TEST(h2, a_websocket_is_granted)
{
    struct h2_scene s;
    h2_scene_open(&s);
    h2_scene_run(&s);
    int32_t id = h2_client_request(&s.client, SOCKET "sec-websocket-version: 13\n", false);
    h2_scene_run(&s);
    cr_assert_eq(s.cores, 1);
    cr_expect_not_null(
        strstr(h2_scene_heard(&s, 0), "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"));
    h2_scene_respond(&s, 0,
                     "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade"
                     "\r\nSec-WebSocket-Accept: " ACCEPT "\r\nSec-WebSocket-Protocol: chat\r\n\r\n",
                     false);
    cr_expect_str_eq(h2_client_stream(&s.client, id)->head,
                     ":status: 200\nsec-websocket-protocol: chat\n");
    h2_client_content(&s.client, id, "ping", 4, true);
    h2_scene_run(&s);
    cr_expect_str_eq(h2_scene_heard(&s, 0), "ping");
    cr_expect(s.core[0]->in_ended);
    h2_scene_content(&s, 0, "pong", 4, true);
    cr_expect_str_eq(h2_client_stream(&s.client, id)->body, "pong");
    cr_expect_eq(h2_client_stream(&s.client, id)->code, NGHTTP2_NO_ERROR);
    h2_scene_close(&s);
}

BEAM_TEST(h2, a_websocket_is_not_granted_by_another_success)
{
    struct h2_scene s;
    h2_scene_open(&s);
    h2_scene_run(&s);
    int32_t ok = h2_client_request(&s.client, SOCKET, false);
    int32_t no = h2_client_request(&s.client, SOCKET, false);
    h2_scene_run(&s);
    h2_scene_respond(&s, 0, OK, false);
    cr_expect(s.core[0]->ended);
    cr_expect_str_eq(h2_client_stream(&s.client, ok)->head, ":status: 502\n");
    h2_scene_respond(&s, 1, "HTTP/1.1 403 Forbidden\r\nX: y\r\n\r\n", true);
    cr_expect_str_eq(h2_client_stream(&s.client, no)->head, ":status: 403\nx: y\n");
    h2_scene_close(&s);
}

BEAM_TEST(h2, a_websocket_is_not_granted_by_who_did_not_read_its_key)
{
    static const char *const bad[] = {
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: x\r\n\r\n",
    };
    struct h2_scene s;
    h2_scene_open(&s);
    h2_scene_run(&s);
    (void)h2_client_request(&s.client, SOCKET, false);
    h2_scene_run(&s);
    cr_assert_eq(s.cores, 1);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct http_head head;
        cr_assert_gt(http_head_parse(bad[i], strlen(bad[i]), HTTP_RESPONSE, &head), 0);
        cr_expect_eq(h2_respond(s.core[0], &head, false), BEAM_EPROTO);
    }
    h2_scene_close(&s);
}
