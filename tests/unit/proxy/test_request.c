/* SPDX-License-Identifier: BSD-3-Clause */
#include "proxy/request.h"

#include <string.h>

#include "tests/unit/harness.h"

/* What becomes of a head: 0 or a status; one that is not even parsed is a 400. */
static int judge(const char *text, struct http_head *h)
{
    int n = http_head_parse(text, strlen(text), HTTP_REQUEST, h);
    return n < 0 ? 400 : request_judge(h);
}

#define HOST "Host: a\r\n"

BEAM_TEST(request, what_has_one_reading_passes)
{
    static const char *const good[] = {
        "GET / HTTP/1.1\r\n" HOST "\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\n" HOST "\r\n",
        "GET http://a/b?c HTTP/1.1\r\n" HOST "\r\n",
        "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\n",
        "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: Chunked\r\n\r\n",
        "POST / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 1\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "Authorization: Basic eDp5\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "X: a\tb \xc3\xa9\r\n\r\n",
        "GET http://B:8080?c HTTP/1.1\r\nHost: b:8080\r\n\r\n",
        "GET / HTTP/1.1\r\nHost:\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "Connection: a\r\nConnection: b\r\n\r\n",
    };
    struct http_head h;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        cr_expect_eq(judge(good[i], &h), 0, "%s", good[i]);
}

BEAM_TEST(request, what_could_be_read_otherwise_does_not)
{
    static const struct {
        int status;
        const char *text;
    } bad[] = {
        {400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 6\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 5\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 5, 5\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 5,\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\n" HOST "Content-Length: +5\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\n" HOST "Content-Length: -5\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 0x5\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\n" HOST "Content-Length : 5\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\n" HOST "Content-Length\t: 5\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: \vchunked\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: xchunked\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, identity\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, chunked\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked;x=y\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding:\r\n chunked\r\n\r\n"},
        {501, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"
              "\r\n"},
        {501, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n"},
        {501, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: ,chunked\r\n\r\n"},
        {400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\n" HOST "Connection: content-length\r\nContent-Length: 3\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\n" HOST HOST "\r\n"},
        {400, "GET / HTTP/1.1\nHost: a\n\n"},
        {400, "GET / HTTP/1.1\r\n" HOST "X: a\rb\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\n" HOST "X: a\nY: b\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\n" HOST "X: a\x01"
              "b\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\n" HOST ": a\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\n" HOST "no colon\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\n Host: a\r\n\r\n"},
        {400, "GET  / HTTP/1.1\r\n" HOST "\r\n"},
        {400, "GET /a b HTTP/1.1\r\n" HOST "\r\n"},
        {400, "GET /\x7f HTTP/1.1\r\n" HOST "\r\n"},
        {400, "GET /\xe9 HTTP/1.1\r\n" HOST "\r\n"},
        {400, "GET a HTTP/1.1\r\n" HOST "\r\n"},
        {400, "GET * HTTP/1.1\r\n" HOST "\r\n"},
        {400, "GET / http/1.1\r\n" HOST "\r\n"},
        {400, "GET / HTTP/2.0\r\n" HOST "\r\n"},
        {400, "GET /\r\n" HOST "\r\n"},
        {400, "GET http://b/ HTTP/1.1\r\n" HOST "\r\n"},
        {400, "GET http:/// HTTP/1.1\r\n" HOST "\r\n"},
        {400, "GET http://x@a/ HTTP/1.1\r\n" HOST "\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: x@a\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\n" HOST "Content_Length: 5\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\n" HOST "Transfer_Encoding: chunked\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\n" HOST "Connection: 1\r\nConnection: 2\r\nConnection: 3\r\n"
              "Connection: 4\r\nConnection: 5\r\n\r\n"},
        {417, "GET / HTTP/1.1\r\n" HOST "Expect: 200-ok\r\n\r\n"},
        {505, "GET / HTTP/1.2\r\n" HOST "\r\n"},
        {501, "CONNECT a:1 HTTP/1.1\r\n" HOST "\r\n"},
        {501, "GET / HTTP/1.1\r\n" HOST "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n"},
        {501, "GET / HTTP/1.1\r\n" HOST "Upgrade: websocket\r\nUpgrade: x, H2C\r\n\r\n"},
        {501, "GET / HTTP/1.1\r\n" HOST "Upgrade: HTTP/2.0\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\n" HOST "Authorization: Basic a\r\nAUTHORIZATION: Basic b\r\n\r\n"},
    };
    struct http_head h;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_expect_eq(judge(bad[i].text, &h), bad[i].status, "%d: %s", judge(bad[i].text, &h),
                     bad[i].text);
}

static const char *text_of(struct http_text t)
{
    static char text[64];
    cr_assert_lt(t.len, sizeof(text));
    memcpy(text, t.at, t.len);
    text[t.len] = '\0';
    return text;
}

BEAM_TEST(request, what_it_is_for)
{
    static const struct {
        const char *text, *host, *path;
    } cases[] = {
        {"GET /a?b HTTP/1.1\r\nHost: A:80\r\n\r\n", "A:80", "/a?b"},
        {"GET HTTP://b:8080/a?b HTTP/1.1\r\nHost: b:8080\r\n\r\n", "b:8080", "/a?b"},
        {"GET http://b HTTP/1.1\r\nHost: b\r\n\r\n", "b", ""},
        {"GET http://b?c/d HTTP/1.1\r\nHost: b\r\n\r\n", "b", "?c/d"},
        {"OPTIONS * HTTP/1.1\r\nHost: b\r\n\r\n", "b", "*"},
        {"GET / HTTP/1.0\r\n\r\n", "", "/"},
    };
    struct http_head h;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cr_assert_eq(judge(cases[i].text, &h), 0, "%s", cases[i].text);
        cr_expect_str_eq(text_of(request_host(&h)), cases[i].host);
        cr_expect_str_eq(text_of(request_path(&h)), cases[i].path);
    }
}

BEAM_TEST(request, its_credentials)
{
    struct http_text value;
    struct http_head h;
    cr_assert_eq(judge("GET / HTTP/1.1\r\n" HOST "aUTHORIZATION: Basic eDp5\r\n\r\n", &h), 0);
    cr_assert(request_credentials(&h, &value));
    cr_expect_str_eq(text_of(value), "Basic eDp5");
    cr_assert_eq(judge("GET / HTTP/1.1\r\n" HOST "\r\n", &h), 0);
    cr_expect_not(request_credentials(&h, &value));
}
