/* SPDX-License-Identifier: BSD-3-Clause */
/* Clients that do what they should not, and what that costs. */
#include <string.h>

#include "http/h2_guard.h"
#include "tests/unit/http/h2_scene.h"

#define GET  ":method: GET\n:scheme: https\n:path: /x\n:authority: a\n"
#define POST ":method: POST\n:scheme: https\n:path: /x\n:authority: a\n"
#define OK   "HTTP/1.1 200 OK\r\n\r\n"

static const struct h2_patience patience = {.block_ms = 10000, .idle_ms = 60000};

/* Requests and responses on other streams go on. */
static void expect_alive(struct h2_scene *s)
{
    size_t i = s->cores;
    int32_t id = h2_client_request(&s->client, GET, true);
    h2_scene_run(s);
    cr_assert_eq(s->err, 0);
    cr_assert_eq(s->cores, i + 1);
    h2_scene_respond(s, i, "HTTP/1.1 204 No Content\r\n\r\n", true);
    cr_expect_str_eq(h2_client_stream(&s->client, id)->head, ":status: 204\n");
    h2_scene_forget(s, i);
}

static void expect_away(struct h2_scene *s, int err, uint32_t code)
{
    h2_scene_run(s);
    cr_expect_eq(s->err, err);
    cr_expect(s->client.away);
    cr_expect_eq(s->client.away_code, code);
    cr_expect(h2_over(s->h2));
}

BEAM_TEST(h2_bad, a_malformed_request_ends_its_stream_alone)
{
    static const char *const bad[] = {
        GET "connection: close\n",
        GET "transfer-encoding: chunked\n",
        GET "te: gzip\n",
        GET "X-Y: z\n",
        GET "x y: z\n",
        GET "host: b\n",
        GET ":path: /y\n",
        GET "content-length: 5\n",
        ":method: GET\n:scheme: https\n:authority: a\n",
        ":method: GET\n:scheme: https\n:path: /a b\n:authority: a\n",
        ":method: GET\n:scheme: https\n:path: /\n:authority: a\n:protocol: websocket\n",
    };
    struct h2_scene s;
    h2_scene_open(&s);
    h2_scene_run(&s);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int32_t id = h2_client_request(&s.client, bad[i], true);
        h2_scene_run(&s);
        cr_expect_eq(s.cores, i, "%s", bad[i]);
        struct h2_client_stream *stream = h2_client_stream(&s.client, id);
        cr_expect(stream->closed && stream->code == NGHTTP2_PROTOCOL_ERROR, "%s", bad[i]);
        expect_alive(&s);
    }
    h2_scene_close(&s);
}

BEAM_TEST(h2_bad, content_agrees_with_its_length)
{
    struct h2_scene s;
    h2_scene_open(&s);
    static const char body[] = "abcdef";
    for (size_t n = 4; n <= 6; n++) {
        size_t i = s.cores;
        int32_t id = h2_client_request(&s.client, POST "content-length: 5\n", false);
        h2_scene_run(&s);
        cr_assert_eq(s.cores, i + 1);
        h2_client_content(&s.client, id, body, n, true);
        h2_scene_run(&s);
        cr_expect_eq(s.core[i]->failed, n == 5 ? 0 : BEAM_ERESET);
        cr_expect_eq(s.core[i]->in_ended, n == 5);
        h2_scene_forget(&s, i);
    }
    expect_alive(&s);
    h2_scene_close(&s);
}

BEAM_TEST(h2_bad, too_many_fields_are_answered)
{
    struct h2_scene s;
    static char fields[64 * 1024];
    h2_scene_open(&s);
    size_t len = sizeof(GET) - 1;
    memcpy(fields, GET, len);
    for (int i = 0; i < 40; i++, len += 1504) {
        memcpy(fields + len, "x: ", 3);
        memset(fields + len + 3, 'a' + i % 26, 1500);
        fields[len + 1503] = '\n';
    }
    int32_t id = h2_client_request(&s.client, fields, true);
    h2_scene_run(&s);
    cr_expect_eq(s.cores, 0);
    cr_expect_str_eq(h2_client_stream(&s.client, id)->head, ":status: 431\n");
    expect_alive(&s);
    h2_scene_close(&s);
}

BEAM_TEST(h2_bad, more_streams_than_may_be_are_refused)
{
    struct h2_scene s;
    h2_scene_open(&s);
    for (int i = 0; i < H2_STREAMS; i++)
        (void)h2_client_request(&s.client, GET, true);
    h2_scene_run(&s);
    cr_assert_eq(s.cores, H2_STREAMS);
    /* Their client has given them up, but their readers have not heard yet. */
    for (int32_t id = 1; id < 20; id += 2)
        (void)nghttp2_submit_rst_stream(s.client.session, 0, id, NGHTTP2_CANCEL);
    h2_scene_run(&s);
    int32_t id = h2_client_request(&s.client, GET, true);
    h2_scene_run(&s);
    cr_expect_eq(s.cores, H2_STREAMS);
    cr_expect_eq(h2_client_stream(&s.client, id)->code, NGHTTP2_REFUSED_STREAM);
    h2_scene_forget(&s, 0);
    expect_alive(&s);
    h2_scene_close(&s);
}

BEAM_TEST(h2_bad, requests_that_are_taken_back_at_once)
{
    struct h2_scene s;
    h2_scene_open(&s);
    h2_scene_run(&s);
    /* :method GET, :scheme https, :path /, :authority of one letter (RFC 7541, appendix A). */
    static const uint8_t fields[] = {0x82, 0x87, 0x84, 0x01, 0x01, 'a'};
    static const uint8_t cancel[] = {0, 0, 0, NGHTTP2_CANCEL};
    int n = 0;
    for (uint32_t id = 1; s.err == 0 && n < 10 * H2_GUARD_RESETS; id += 2, n++) {
        h2_scene_frame(&s, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, id,
                       fields, sizeof(fields));
        if (s.err == 0)
            h2_scene_frame(&s, NGHTTP2_RST_STREAM, 0, id, cancel, sizeof(cancel));
        if (s.cores > 0)
            h2_scene_forget(&s, --s.cores);
    }
    cr_expect_eq(n, H2_GUARD_RESETS + 1);
    expect_away(&s, BEAM_ELIMIT, NGHTTP2_ENHANCE_YOUR_CALM);
    h2_scene_close(&s);
}

/* Sends frames of a kind until the connection is over; how many that took. */
static int flood(struct h2_scene *s, uint8_t type, uint8_t flags, uint32_t id, const void *payload,
                 size_t len)
{
    int n = 0;
    while (s->err == 0 && n < 10 * H2_GUARD_FRAMES) {
        h2_scene_frame(s, type, flags, id, payload, len);
        n++;
    }
    return n;
}

BEAM_TEST(h2_bad, frames_that_carry_nothing)
{
    static const uint8_t eight[8] = {0}, priority[5] = {0, 0, 0, 0, 1}, one[4] = {0, 0, 0, 1};
    static const struct {
        uint8_t type;
        uint32_t id;
        const void *payload;
        size_t len;
    } kinds[] = {
        {NGHTTP2_PING, 0, eight, 8},        {NGHTTP2_SETTINGS, 0, eight, 0},
        {NGHTTP2_PRIORITY, 9, priority, 5}, {NGHTTP2_WINDOW_UPDATE, 0, one, 4},
        {NGHTTP2_DATA, 1, eight, 0},
    };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct h2_scene s;
        h2_scene_open(&s);
        (void)h2_client_request(&s.client, POST, false);
        h2_scene_run(&s);
        int n = flood(&s, kinds[i].type, 0, kinds[i].id, kinds[i].payload, kinds[i].len);
        cr_expect_leq(n, H2_GUARD_FRAMES + 1, "%zu: %d", i, n);
        cr_expect_geq(n, H2_GUARD_FRAMES / 2, "%zu: %d", i, n);
        cr_expect_eq(s.core[0]->failed, BEAM_ERESET);
        h2_scene_close(&s);
    }
}

/* For a stream that is over, and of a kind that is not known. */
BEAM_TEST(h2_bad, frames_that_nobody_looks_at)
{
    static const uint8_t junk[16384] = {0}, types[] = {NGHTTP2_DATA, 0x77};
    for (size_t i = 0; i < sizeof(types); i++) {
        struct h2_scene s;
        h2_scene_open(&s);
        int32_t id = h2_client_request(&s.client, POST, false);
        h2_scene_run(&s);
        h2_reset(s.core[0], H2_CANCEL);
        h2_scene_run(&s);
        size_t n = 0;
        while (s.err == 0 && n < 2 * H2_GUARD_BYTES / sizeof(junk)) {
            h2_scene_frame(&s, types[i], 0, (uint32_t)id, junk, sizeof(junk));
            n++;
        }
        expect_away(&s, BEAM_ELIMIT, NGHTTP2_ENHANCE_YOUR_CALM);
        h2_scene_close(&s);
    }
}

BEAM_TEST(h2_bad, a_field_section_without_end)
{
    struct h2_scene s;
    h2_scene_open(&s);
    h2_scene_run(&s);
    static const uint8_t method[] = {0x82}, nothing[1] = {0};
    h2_scene_frame(&s, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_STREAM, 1, method, 1);
    cr_expect_lt(flood(&s, NGHTTP2_CONTINUATION, 0, 1, nothing, 0), 100);
    cr_expect_eq(s.cores, 0);
    h2_scene_close(&s);
}

BEAM_TEST(h2_bad, fields_that_are_much_larger_than_their_bytes)
{
    struct h2_scene s;
    static uint8_t block[16384];
    h2_scene_open(&s);
    h2_scene_run(&s);
    /* One field of 3,000 bytes into the table, and then its index again and again. */
    size_t len = 0;
    static const uint8_t start[] = {0x40, 1, 'x', 0x7f, 0xb9, 0x16}; /* 2,873 + 127 */
    memcpy(block, start, sizeof(start));
    len = sizeof(start);
    memset(block + len, 'v', 3000);
    len += 3000;
    memset(block + len, 0xbe, sizeof(block) - len);
    h2_scene_frame(&s, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 1,
                   block, sizeof(block));
    expect_away(&s, BEAM_ELIMIT, NGHTTP2_ENHANCE_YOUR_CALM);
    cr_expect_eq(s.cores, 0);
    h2_scene_close(&s);
}

BEAM_TEST(h2_bad, fields_for_a_stream_that_is_over_or_was_passed_over)
{
    static const uint8_t fields[] = {0x82, 0x87, 0x84, 0x01, 0x01, 'a'};
    static const uint8_t cancel[] = {0, 0, 0, NGHTTP2_CANCEL};
    static const uint8_t end = NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM;
    for (uint32_t id = 3; id <= 5; id += 2) {
        struct h2_scene s;
        h2_scene_open(&s);
        h2_scene_run(&s);
        h2_scene_frame(&s, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 5, fields, sizeof(fields));
        h2_scene_frame(&s, NGHTTP2_RST_STREAM, 0, 5, cancel, sizeof(cancel));
        h2_scene_frame(&s, NGHTTP2_HEADERS, end, id, fields, sizeof(fields));
        cr_expect_eq(s.err, BEAM_EPROTO);
        h2_scene_run(&s);
        cr_expect_eq(s.client.away_code, id == 3 ? NGHTTP2_PROTOCOL_ERROR : NGHTTP2_STREAM_CLOSED);
        h2_scene_close(&s);
    }
}

BEAM_TEST(h2_bad, trailers_that_cross_our_reset_are_let_go_by)
{
    struct h2_scene s;
    static const uint8_t trailer[] = {0, 1, 'x', 1, 'y'};
    h2_scene_open(&s);
    int32_t id = h2_client_request(&s.client, POST, false);
    h2_scene_run(&s);
    h2_reset(s.core[0], H2_CANCEL);
    h2_scene_run(&s);
    h2_scene_frame(&s, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM,
                   (uint32_t)id, trailer, sizeof(trailer));
    cr_expect_eq(s.err, 0);
    h2_scene_forget(&s, 0);
    expect_alive(&s);
    h2_scene_close(&s);
}

BEAM_TEST(h2_bad, trailers_that_would_be_a_head_end_their_stream)
{
    static const struct {
        const char *field;
        size_t len;
    } bad[] = {{"\0\x05:path\x01/", 9},
               {"\0\x07:status\x03"
                "200",
                13},
               {"\0\x0e"
                "content-length\x01"
                "3",
                18},
               {"\0\x11transfer-encoding\x07"
                "chunked",
                27},
               {"\0\x04host\x01"
                "b",
                8},
               {"\0\x0a"
                "connection\x05"
                "close",
                18},
               {"\0\x03X-A\x01"
                "b",
                7}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct h2_scene s;
        h2_scene_open(&s);
        int32_t id = h2_client_request(&s.client, POST, false);
        h2_scene_run(&s);
        h2_scene_frame(&s, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM,
                       (uint32_t)id, bad[i].field, bad[i].len);
        h2_scene_run(&s);
        const struct h2_client_stream *stream = h2_client_stream(&s.client, id);
        cr_expect(stream->closed && stream->code == NGHTTP2_PROTOCOL_ERROR, "row %zu", i);
        cr_expect(s.core[0]->failed && !s.core[0]->in_ended && buf_len(&s.core[0]->tail) == 0,
                  "row %zu", i);
        cr_expect_eq(s.err, 0);
        h2_scene_forget(&s, 0);
        cr_expect_eq(h2_due(s.h2, &patience), s.now + patience.idle_ms, "no fields are coming");
        expect_alive(&s);
        h2_scene_close(&s);
    }
}

BEAM_TEST(h2_bad, small_pieces_do_not_hold_large_blocks)
{
    struct h2_scene s;
    h2_scene_open(&s);
    int32_t id = h2_client_request(&s.client, POST, false);
    h2_scene_run(&s);
    size_t before = buf_pool_used(s.pool);
    for (int i = 0; i < 500; i++) {
        h2_client_content(&s.client, id, "x", 1, false);
        h2_scene_run(&s);
    }
    cr_expect_eq(buf_len(&s.core[0]->in), 500);
    cr_expect_leq(buf_pool_used(s.pool), before + 2);
    h2_scene_close(&s);
}

BEAM_TEST(h2_bad, what_is_no_http_2)
{
    static const char *const bad[] = {
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "\x16\x03\x01",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct h2_scene s;
        h2_scene_open(&s);
        h2_scene_feed(&s, bad[i], strlen(bad[i]));
        h2_scene_run(&s);
        cr_expect(s.err == BEAM_EPROTO || h2_over(s.h2), "%s", bad[i]);
        h2_scene_close(&s);
    }
}

BEAM_TEST(h2_bad, deadlines)
{
    struct h2_scene s;
    static const uint8_t method[] = {0x82};
    h2_scene_open(&s);
    h2_scene_run(&s);
    cr_expect_eq(h2_due(s.h2, &patience), s.now + patience.idle_ms);
    h2_scene_frame(&s, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_STREAM, 1, method, 1);
    cr_expect_eq(h2_due(s.h2, &patience), s.now + patience.block_ms);
    cr_expect_eq(h2_expire(s.h2, &patience, s.now + patience.block_ms - 1), 0);
    cr_expect_eq(h2_expire(s.h2, &patience, s.now + patience.block_ms), BEAM_ETIMEOUT);
    h2_scene_close(&s);

    h2_scene_open(&s);
    h2_scene_run(&s);
    cr_expect_eq(h2_expire(s.h2, &patience, s.now + patience.idle_ms), BEAM_ETIMEOUT);
    h2_scene_run(&s);
    cr_expect(s.client.away && s.client.away_code == NGHTTP2_NO_ERROR && h2_over(s.h2));
    h2_scene_close(&s);
}

BEAM_TEST(h2_bad, a_window_that_stays_shut)
{
    struct h2_scene s;
    static char bytes[H2_OUT];
    h2_scene_open(&s);
    s.client.holds = true;
    int32_t id = h2_client_request(&s.client, GET, true);
    h2_scene_run(&s);
    h2_scene_respond(&s, 0, OK, false);
    h2_scene_content(&s, 0, bytes, sizeof(bytes), false);
    h2_scene_content(&s, 0, bytes, 100, true);
    h2_scene_forget(&s, 0);
    cr_expect_eq(h2_streams(s.h2), 1);
    s.now += patience.idle_ms;
    cr_expect_eq(h2_expire(s.h2, &patience, s.now), 0);
    h2_scene_run(&s);
    cr_expect_eq(h2_client_stream(&s.client, id)->code, NGHTTP2_CANCEL);
    cr_expect_eq(h2_streams(s.h2), 0);
    h2_scene_close(&s);
}
