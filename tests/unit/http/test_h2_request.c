/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "http/h2_request.h"
#include "tests/unit/harness.h"

#define KEY  "AAAAAAAAAAAAAAAAAAAAAA=="
#define BASE ":method: GET|:scheme: https|:path: /|:authority: a.example|"

struct outcome {
    int status; /* as h2_request_end */
    char text[512];
    struct h2_request_kind kind;
};

static struct http_text text_of(const char *at, size_t len)
{
    return (struct http_text){at, len};
}

/* "name: value|" for each field. */
static void put(struct h2_request *r, const char *fields)
{
    for (const char *end; (end = strchr(fields, '|')); fields = end + 1) {
        const char *colon = strstr(fields, ": ");
        cr_assert(colon && colon < end);
        h2_request_field(r, text_of(fields, (size_t)(colon - fields)),
                         text_of(colon + 2, (size_t)(end - colon - 2)));
    }
}

static struct outcome finish(struct h2_request *r, bool ended)
{
    struct outcome o = {.text = ""};
    struct buf_pool *pool = NULL;
    struct buf out;
    cr_assert_eq(buf_pool_new(4, &pool), 0);
    buf_init(&out, pool, 2 * HTTP_HEAD_MAX);
    o.status = h2_request_end(r, ended, KEY, &out, &o.kind);
    o.text[buf_peek(&out, 0, o.text, sizeof(o.text) - 1)] = '\0';
    buf_clear(&out);
    buf_pool_free(pool);
    return o;
}

static struct outcome of(const char *fields, bool ended)
{
    struct h2_request r = {.err = 0};
    h2_request_begin(&r);
    put(&r, fields);
    struct outcome o = finish(&r, ended);
    h2_request_free(&r);
    return o;
}

BEAM_TEST(h2_request, becomes_a_head_of_http_1)
{
    struct outcome o = of(BASE "accept: */*|x-a: b c|", true);
    cr_assert_eq(o.status, 0);
    cr_expect_str_eq(o.text,
                     "GET / HTTP/1.1\r\nHost: a.example\r\naccept: */*\r\nx-a: b c\r\n\r\n");
    cr_expect_str_eq(o.kind.method, "GET");
    cr_expect(o.kind.bodiless && !o.kind.websocket && !o.kind.has_length);
}

BEAM_TEST(h2_request, says_how_its_body_ends)
{
    struct outcome o = of(":method: POST|:scheme: http|:path: /?q|:authority: a|", false);
    cr_expect_str_eq(o.text, "POST /?q HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    cr_expect(!o.kind.has_length && !o.kind.bodiless);
    o = of(":method: POST|:scheme: http|:path: /|:authority: a|content-length: 5|", false);
    cr_expect_str_eq(o.text, "POST / HTTP/1.1\r\nHost: a\r\ncontent-length: 5\r\n\r\n");
    cr_expect(o.kind.has_length);
    o = of(":method: POST|:scheme: http|:path: /|:authority: a|content-length: 0|", true);
    cr_expect_str_eq(o.text, "POST / HTTP/1.1\r\nHost: a\r\ncontent-length: 0\r\n\r\n");
    o = of(":method: POST|:scheme: http|:path: /|:authority: a|content-length: 5|", true);
    cr_expect_eq(o.status, BEAM_EPROTO);
}

BEAM_TEST(h2_request, a_cookie_in_crumbs_is_one)
{
    struct outcome o = of(BASE "cookie: a=b|x: y|cookie: c=d|cookie: e=f|", true);
    cr_expect_str_eq(o.text, "GET / HTTP/1.1\r\nHost: a.example\r\nx: y\r\n"
                             "cookie: a=b; c=d; e=f\r\n\r\n");
}

BEAM_TEST(h2_request, a_host_is_that_of_authority)
{
    cr_expect_eq(of(BASE "host: a.example|", true).status, 0);
    cr_expect_eq(of(BASE "host: A.EXAMPLE|", true).status, 0);
    cr_expect_eq(of(BASE "host: b.example|", true).status, BEAM_EPROTO);
    cr_expect_eq(of(BASE "host: a.example|host: a.example|", true).status, BEAM_EPROTO);
    struct outcome o = of(":method: GET|:scheme: https|:path: /|host: b|", true);
    cr_expect_str_eq(o.text, "GET / HTTP/1.1\r\nHost: b\r\n\r\n");
    cr_expect_eq(of(":method: GET|:scheme: https|:path: /|", true).status, BEAM_EPROTO);
    cr_expect_eq(of(":method: GET|:scheme: https|:path: /|:authority: |", true).status,
                 BEAM_EPROTO);
}

BEAM_TEST(h2_request, what_belongs_to_a_connection_is_refused)
{
    static const char *const bad[] = {
        "connection: close|",           "connection: x|", "keep-alive: 1|",
        "proxy-connection: close|",     "upgrade: h2c|",  "transfer-encoding: chunked|",
        "transfer-encoding: identity|", "te: gzip|",      "te: trailers, gzip|",
        "http2-settings: AAA|",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char fields[256];
        snprintf(fields, sizeof(fields), "%s%s", BASE, bad[i]);
        cr_expect_eq(of(fields, true).status, BEAM_EPROTO, "%s", bad[i]);
    }
    cr_expect_str_eq(of(BASE "te: trailers|", true).text,
                     "GET / HTTP/1.1\r\nHost: a.example\r\nte: trailers\r\n\r\n");
}

BEAM_TEST(h2_request, trailers_neither_frame_nor_route)
{
    static const struct {
        const char *name, *value;
        int err;
    } rows[] = {{"grpc-status", "0", 0},
                {"x", "", 0},
                {"content-length", "3", BEAM_EPROTO},
                {"transfer-encoding", "chunked", BEAM_EPROTO},
                {"host", "b", BEAM_EPROTO},
                {"te", "trailers", BEAM_EPROTO},
                {"connection", "close", BEAM_EPROTO},
                {":path", "/", BEAM_EPROTO},
                {":status", "200", BEAM_EPROTO},
                {"X-Up", "1", BEAM_EPROTO},
                {"", "1", BEAM_EPROTO},
                {"x", "1\r\nHost: b", BEAM_EPROTO},
                {"x\r\nhost", "b", BEAM_EPROTO},
                {"x", " 1", BEAM_EPROTO},
                {"long", "0123456789012345678901234567890123456789", BEAM_ELIMIT}};
    struct buf_pool *pool = NULL;
    struct buf out;
    char text[64];
    cr_assert_eq(buf_pool_new(4, &pool), 0);
    buf_init(&out, pool, 40);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct http_text name = {rows[i].name, strlen(rows[i].name)},
                               value = {rows[i].value, strlen(rows[i].value)};
        cr_expect_eq(h2_request_trailer(name, value, &out), rows[i].err, "%s: %s", rows[i].name,
                     rows[i].value);
    }
    text[buf_peek(&out, 0, text, sizeof(text) - 1)] = '\0';
    cr_expect_str_eq(text, "grpc-status: 0\r\nx: \r\n");
    buf_clear(&out);
    buf_pool_free(pool);
}

BEAM_TEST(h2_request, no_byte_can_make_another_line)
{
    static const struct {
        const char *name, *value;
        size_t name_len, value_len;
    } bad[] = {
        {"x", "a\r\nb: c", 1, 7},
        {"x", "a\nb", 1, 3},
        {"x", "a\0b", 1, 3},
        {"x", "a\x7f", 1, 2},
        {"x", " a", 1, 2},
        {"x", "a\t", 1, 2},
        {"x\r\ny", "a", 4, 1},
        {"x y", "a", 3, 1},
        {"x:", "a", 2, 1},
        {"", "a", 0, 1},
        {"X", "a", 1, 1},
        {"x\0", "a", 2, 1},
        {":path", "/ HTTP/1.1", 5, 10},
        {":authority", "a b", 10, 3},
        {":method", "GET /x", 7, 6},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct h2_request r = {.err = 0};
        bool pseudo = bad[i].name[0] == ':';
        h2_request_begin(&r);
        const char *const pseudos[] = {":method: GET|", ":scheme: https|", ":path: /|",
                                       ":authority: a|"};
        for (size_t k = 0; k < 4; k++)
            if (!pseudo || strncmp(pseudos[k], bad[i].name, bad[i].name_len) != 0)
                put(&r, pseudos[k]);
        h2_request_field(&r, text_of(bad[i].name, bad[i].name_len),
                         text_of(bad[i].value, bad[i].value_len));
        cr_expect_eq(finish(&r, true).status, BEAM_EPROTO, "%zu", i);
        h2_request_free(&r);
    }
}

BEAM_TEST(h2_request, pseudo_fields_are_the_known_ones_once_and_first)
{
    static const char *const bad[] = {
        BASE ":method: GET|",
        BASE ":status: 200|",
        BASE ":x: 1|",
        ":method: GET|x: y|:scheme: https|:path: /|:authority: a|",
        ":scheme: https|:path: /|:authority: a|",
        ":method: GET|:path: /|:authority: a|",
        ":method: GET|:scheme: https|:authority: a|",
        ":method: GET|:scheme: https|:path: |:authority: a|",
        ":method: GET|:scheme: https|:path: x|:authority: a|",
        ":method: GET|:scheme: https|:path: *|:authority: a|",
        ":method: GET|:scheme: https|:path: http://b/|:authority: a|",
        ":method: GET|:scheme: ftp|:path: /|:authority: a|",
        ":method: |:scheme: https|:path: /|:authority: a|",
        ":method: GET|:scheme: https|:path: /|:authority: a|:protocol: websocket|",
        ":method: CONNECT|:scheme: https|:path: /|:authority: a|",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_expect_eq(of(bad[i], true).status, BEAM_EPROTO, "%s", bad[i]);
    cr_expect_eq(of(":method: OPTIONS|:scheme: https|:path: *|:authority: a|", true).status, 0);
    cr_expect_str_eq(of(":method: CONNECT|:authority: a:1|", false).text,
                     "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\nTransfer-Encoding: chunked\r\n\r\n");
}

#define SOCKET ":method: CONNECT|:scheme: https|:path: /ws|:authority: a|"

BEAM_TEST(h2_request, an_extended_connect_is_an_upgrade)
{
    struct outcome o = of(SOCKET ":protocol: websocket|sec-websocket-version: 13|"
                                 "sec-websocket-key: mine|origin: https://a|",
                          false);
    cr_assert_eq(o.status, 0);
    cr_expect_str_eq(o.text, "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
                             "Connection: Upgrade\r\nSec-WebSocket-Key: " KEY "\r\n"
                             "sec-websocket-version: 13\r\norigin: https://a\r\n\r\n");
    cr_expect(o.kind.websocket);
    cr_expect_str_eq(o.kind.method, "GET");
    cr_expect_eq(of(SOCKET ":protocol: connect-udp|", false).status, 501);
    cr_expect_eq(of(SOCKET ":protocol: websocket|", true).status, BEAM_EPROTO);
    cr_expect_eq(of(SOCKET ":protocol: websocket|content-length: 3|", false).status, BEAM_EPROTO);
}

BEAM_TEST(h2_request, its_fields_have_a_bound)
{
    struct h2_request r = {.err = 0};
    char value[1000];
    memset(value, 'v', sizeof(value));
    for (int over = 0; over < 2; over++) {
        h2_request_begin(&r);
        put(&r, BASE);
        size_t n = (H2_REQUEST_LIST_MAX - 4 * 64) / (sizeof(value) + 1 + 32) + (size_t)over;
        for (size_t i = 0; i < n; i++)
            h2_request_field(&r, text_of("x", 1), text_of(value, sizeof(value)));
        cr_expect_eq(finish(&r, true).status, over ? 431 : 0);
    }
    h2_request_begin(&r);
    put(&r, BASE);
    cr_expect_eq(finish(&r, true).status, 0);
    h2_request_free(&r);
}
