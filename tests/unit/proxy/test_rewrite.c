/* SPDX-License-Identifier: BSD-3-Clause */
#include "proxy/rewrite.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "proxy/request.h"
#include "proxy/response.h"
#include "tests/unit/harness.h"

enum { CEILING = 256 * 1024, TEXT = 4096 };

static char text[TEXT];

static const char *text_of(struct buf *b)
{
    text[buf_peek(b, 0, text, TEXT - 1)] = '\0';
    buf_clear(b);
    return text;
}

static const char *request(const struct rewrite *r, const char *said)
{
    struct buf_pool *pool = NULL;
    struct http_head h;
    struct buf out;
    cr_assert_eq(buf_pool_new(4, &pool), 0);
    buf_init(&out, pool, CEILING);
    cr_assert_gt(http_head_parse(said, strlen(said), HTTP_REQUEST, &h), 0, "%s", said);
    cr_assert_eq(request_judge(&h), 0, "%s", said);
    cr_expect_eq(rewrite_request(r, &h, &out), 0);
    (void)text_of(&out);
    buf_pool_free(pool);
    return text;
}

BEAM_TEST(rewrite, a_request_keeps_order_and_letters)
{
    static const struct rewrite none = {.drop_credentials = true};
    cr_expect_str_eq(request(&none, "\r\nPUT /x HTTP/1.1\r\nhOsT:a\r\naUTHORIZATION: Basic eDp5\r\n"
                                    "X-B:  2 \r\nX-A:\r\nContent-Length: 1\r\n\r\n"),
                     "PUT /x HTTP/1.1\r\nhOsT: a\r\nX-B: 2\r\nX-A: \r\nContent-Length: 1\r\n\r\n");
}

BEAM_TEST(rewrite, a_cookie_of_ours_goes_no_further)
{
    static const struct rewrite ours = {.own_cookie = "mine"};
    cr_expect_str_eq(request(&ours, "GET / HTTP/1.1\r\nHost: a\r\nCookie: b=1;mine=2;  c=mine\r\n"
                                    "cookie: mine=3\r\nCookie: mines=4\r\n\r\n"),
                     "GET / HTTP/1.1\r\nHost: a\r\nCookie: b=1; c=mine\r\nCookie: mines=4\r\n\r\n");
}

BEAM_TEST(rewrite, what_belongs_to_a_connection_stays_here)
{
    static const struct rewrite none = {0};
    cr_expect_str_eq(request(&none,
                             "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, X-Mine\r\n"
                             "Keep-Alive: 5\r\nProxy-Connection: keep-alive\r\nTE: trailers\r\n"
                             "Trailer: x\r\nUpgrade: websocket\r\nx-mine: 1\r\nX-Yours: 2\r\n"
                             "Transfer-Encoding: Chunked\r\nAuthorization: Basic eDp5\r\n\r\n"),
                     "GET / HTTP/1.1\r\nHost: a\r\nTrailer: x\r\nX-Yours: 2\r\n"
                     "Transfer-Encoding: Chunked\r\nAuthorization: Basic eDp5\r\n"
                     "TE: trailers\r\nConnection: TE\r\n\r\n");
    cr_expect_str_eq(request(&none, "GET / HTTP/1.1\r\nHost: a\r\nTE: gzip;q=0.5\r\nTrailer: x\r\n"
                                    "\r\n"),
                     "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    cr_expect_str_eq(request(&none, "GET / HTTP/1.1\r\nHost: a\r\nTE: gzip, Trailers\r\n"
                                    "Upgrade: x\r\nConnection: TE, upgrade\r\n\r\n"),
                     "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n");
    cr_expect_str_eq(request(&none, "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
                                    "Connection: upgrade\r\n\r\n"),
                     "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
                     "Connection: Upgrade\r\n\r\n");
}

BEAM_TEST(rewrite, a_request_is_made_one_of_http_1_1_in_origin_form)
{
    static const struct rewrite none = {0}, host = {.host = "localhost:3000"};
    cr_expect_str_eq(request(&none, "GET http://b:80/x HTTP/1.1\r\nHost: b:80\r\n\r\n"),
                     "GET /x HTTP/1.1\r\nHost: b:80\r\n\r\n");
    cr_expect_str_eq(request(&none, "GET http://b?q HTTP/1.0\r\nExpect: 100-continue\r\n\r\n"),
                     "GET /?q HTTP/1.1\r\nHost: b\r\n\r\n");
    cr_expect_str_eq(request(&none, "GET / HTTP/1.0\r\n\r\n"), "GET / HTTP/1.1\r\nHost: \r\n\r\n");
    cr_expect_str_eq(request(&host, "GET / HTTP/1.0\r\n\r\n"),
                     "GET / HTTP/1.1\r\nHost: localhost:3000\r\n\r\n");
    cr_expect_str_eq(request(&host, "GET / HTTP/1.1\r\nX: y\r\nHost: a\r\n\r\n"),
                     "GET / HTTP/1.1\r\nX: y\r\nHost: localhost:3000\r\n\r\n");
    cr_expect_str_eq(request(&none, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"),
                     "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
}

BEAM_TEST(rewrite, a_prefix_is_taken_off)
{
    static const struct rewrite below = {.prefix = "/t/abc"};
    static const struct {
        const char *asked, *told;
    } cases[] = {
        {"/t/abc/", "/"},           {"/t/abc/x?y", "/x?y"},   {"/t/abc", "/"},
        {"/t/abc?x", "/?x"},        {"/t/abc//x", "//x"},     {"http://a/t/abc/x", "/x"},
        {"/t/abcd/x", "/t/abcd/x"}, {"/t/abc/../x", "/../x"},
    };
    char said[256], told[256];
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(said, sizeof(said), "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", cases[i].asked);
        snprintf(told, sizeof(told),
                 "GET %s HTTP/1.1\r\nHost: a\r\nX-Forwarded-Prefix: /t/abc\r\n\r\n", cases[i].told);
        cr_expect_str_eq(request(&below, said), told);
    }
}

#define FORGED                                                                                     \
    "Forwarded: for=1.2.3.4\r\nX-Forwarded-For: 1.2.3.4\r\nx-forwarded-host: evil\r\n"             \
    "X_Forwarded_Proto: https\r\nX-Forwarded-Anything: 1\r\nX-Real_IP: 1.2.3.4\r\n"                \
    "X-Forwarded: 1\r\n"

BEAM_TEST(rewrite, how_a_visitor_came_is_told_by_us_alone)
{
    static const struct rewrite none = {0}, way = {.scheme = "https"},
                                who = {.scheme = "http", .visitor = "2001:db8::1"},
                                ip4 = {.scheme = "http", .visitor = "192.0.2.1"},
                                trusting = {.trusts_forwarded = true};
    static const char said[] = "GET / HTTP/1.1\r\nHost: a:80\r\n" FORGED "X: y\r\n\r\n";
    cr_expect_str_eq(request(&none, said), "GET / HTTP/1.1\r\nHost: a:80\r\nX: y\r\n\r\n");
    cr_expect_str_eq(request(&way, said),
                     "GET / HTTP/1.1\r\nHost: a:80\r\nX: y\r\n"
                     "Forwarded: proto=https;host=\"a:80\"\r\nX-Forwarded-Proto: https\r\n"
                     "X-Forwarded-Host: a:80\r\n\r\n");
    cr_expect_str_eq(request(&who, said),
                     "GET / HTTP/1.1\r\nHost: a:80\r\nX: y\r\n"
                     "Forwarded: proto=http;host=\"a:80\";for=\"[2001:db8::1]\"\r\n"
                     "X-Forwarded-Proto: http\r\nX-Forwarded-Host: a:80\r\n"
                     "X-Forwarded-For: 2001:db8::1\r\n\r\n");
    cr_expect_not_null(strstr(request(&ip4, said), ";for=192.0.2.1\r\n"));
    cr_expect_str_eq(request(&trusting, said),
                     "GET / HTTP/1.1\r\nHost: a:80\r\n" FORGED "X: y\r\n\r\n");
}

/* ---- responses ------------------------------------------------------------------------------- */

static const char *response(const struct rewrite *r, const char *asked, const char *said,
                            bool close)
{
    struct buf_pool *pool = NULL;
    struct http_head h, q;
    struct http_body body;
    struct buf out;
    cr_assert_eq(buf_pool_new(4, &pool), 0);
    buf_init(&out, pool, CEILING);
    cr_assert_gt(http_head_parse(asked, strlen(asked), HTTP_REQUEST, &q), 0, "%s", asked);
    cr_assert_gt(http_head_parse(said, strlen(said), HTTP_RESPONSE, &h), 0, "%s", said);
    cr_assert_eq(response_judge(&h, &q), 0, "%s", said);
    http_body_init_response(&body, &h, q.method);
    cr_expect_eq(rewrite_response(r, &h, &q, rewrite_body(body.framing, &q), close, &out), 0);
    (void)text_of(&out);
    buf_pool_free(pool);
    return text;
}

static const char get11[] = "GET / HTTP/1.1\r\nHost: a:80\r\n\r\n";
static const char get10[] = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";

BEAM_TEST(rewrite, a_response_has_the_framing_its_visitor_knows)
{
    static const struct rewrite none = {0};
    static const char chunked[] =
        "HTTP/1.1 200 OK\r\nA: b\r\nTransfer-Encoding: chunked\r\nC: d\r\n"
        "Trailer: x\r\nConnection: C\r\n\r\n";
    static const char open[] = "HTTP/1.0 200\r\nA: b\r\n\r\n";
    static const char length[] = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n";
    cr_expect_str_eq(response(&none, get11, chunked, false),
                     "HTTP/1.1 200 OK\r\nA: b\r\nTransfer-Encoding: chunked\r\nTrailer: x\r\n\r\n");
    cr_expect_str_eq(response(&none, get10, chunked, true),
                     "HTTP/1.1 200 OK\r\nA: b\r\nConnection: close\r\n\r\n");
    cr_expect_str_eq(response(&none, get11, open, false),
                     "HTTP/1.1 200 \r\nA: b\r\nTransfer-Encoding: chunked\r\n\r\n");
    cr_expect_str_eq(response(&none, get10, open, true),
                     "HTTP/1.1 200 \r\nA: b\r\nConnection: close\r\n\r\n");
    cr_expect_str_eq(response(&none, get11, length, true),
                     "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\n");
    cr_expect_str_eq(response(&none, get10, length, false),
                     "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\n");
    cr_expect_str_eq(response(&none, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", chunked, false),
                     "HTTP/1.1 200 OK\r\nA: b\r\n\r\n");
    cr_expect_str_eq(response(&none, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", length, false), length);
    cr_expect_str_eq(response(&none, get11, "HTTP/1.1 304 NM\r\nContent-Length: 3\r\n\r\n", false),
                     "HTTP/1.1 304 NM\r\nContent-Length: 3\r\n\r\n");
    cr_expect_str_eq(response(&none, get11, "HTTP/1.1 204 N\r\nContent-Length: 0\r\n\r\n", false),
                     "HTTP/1.1 204 N\r\n\r\n");
    cr_expect_str_eq(response(&none, get11,
                              "HTTP/1.1 426 Upgrade\r\nUpgrade: x\r\nConnection: upgrade\r\n"
                              "Content-Length: 0\r\n\r\n",
                              true),
                     "HTTP/1.1 426 Upgrade\r\nUpgrade: x\r\nContent-Length: 0\r\n"
                     "Connection: Upgrade\r\nConnection: close\r\n\r\n");
}

static void one_field(const struct rewrite *r, const char *name, const char *from, const char *to)
{
    char said[512], told[512];
    snprintf(said, sizeof(said), "HTTP/1.1 302 F\r\n%s: %s\r\nContent-Length: 0\r\n\r\n", name,
             from);
    snprintf(told, sizeof(told), "HTTP/1.1 302 F\r\n%s: %s\r\nContent-Length: 0\r\n\r\n", name, to);
    cr_expect_str_eq(response(r, get11, said, false), told);
}

BEAM_TEST(rewrite, a_response_below_a_prefix_does_not_speak_for_its_host)
{
    static const struct rewrite below = {.prefix = "/t/abc"}, whole = {0};
    static const char all[] = "Service-Worker-Allowed: /\r\nclear-site-data: \"*\"\r\n"
                              "Alt-Svc: h2=\"x:1\"\r\nNEL: {}\r\nReport-To: {}\r\n"
                              "Strict-Transport-Security: max-age=1\r\n";
    char said[512];
    snprintf(said, sizeof(said), "HTTP/1.1 200 OK\r\nA: b\r\n%sContent-Length: 0\r\n\r\n", all);
    cr_expect_str_eq(response(&whole, get11, said, false), said);
    cr_expect_str_eq(response(&below, get11, said, false),
                     "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 0\r\n\r\n");
    snprintf(said, sizeof(said), "HTTP/1.1 200 OK\r\nAlt-Svc: x\r\nConnection: alt-svc\r\n\r\n");
    cr_expect_str_eq(response(&whole, get11, said, false),
                     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
}

BEAM_TEST(rewrite, a_relay_s_word_on_https_takes_the_place_of_the_target_s)
{
    static const struct rewrite rules = {.hsts = "max-age=60"};
    cr_expect_str_eq(response(&rules, get11,
                              "HTTP/1.1 200 OK\r\nStrict-Transport-Security: max-age=0\r\n"
                              "Content-Length: 0\r\n\r\n",
                              false),
                     "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
                     "Strict-Transport-Security: max-age=60\r\n\r\n");
}

BEAM_TEST(rewrite, redirects_stay_with_the_visitor)
{
    static const struct rewrite below = {.prefix = "/t/abc", .scheme = "https"},
                                apart = {.host = "localhost:3000", .scheme = "https"},
                                both = {.prefix = "/t/abc", .host = "localhost:3000"};
    static const struct {
        const struct rewrite *rules;
        const char *from, *to;
    } cases[] = {
        {&below, "/x", "/t/abc/x"},
        {&below, "/", "/t/abc/"},
        {&below, "/t/abc/x", "/t/abc/x"},
        {&below, "/t/abcd", "/t/abc/t/abcd"},
        {&below, "x/y", "x/y"},
        {&below, "?x", "?x"},
        {&below, "", ""},
        {&below, "http://a:80/x", "http://a:80/t/abc/x"},
        {&below, "https://A:80", "https://A:80/t/abc/"},
        {&below, "http://a:80?q", "http://a:80/t/abc/?q"},
        {&below, "//a:80/x", "//a:80/t/abc/x"},
        {&below, "http://b/x", "http://b/x"},
        {&below, "//b/x", "//b/x"},
        {&below, "mailto:a@b", "mailto:a@b"},
        {&apart, "/x", "/x"},
        {&apart, "http://localhost:3000/x", "https://a:80/x"},
        {&apart, "//localhost:3000/x", "//a:80/x"},
        {&apart, "http://localhost:3001/x", "http://localhost:3001/x"},
        {&both, "http://LOCALHOST:3000/x", "http://a:80/t/abc/x"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        one_field(cases[i].rules, "lOCATION", cases[i].from, cases[i].to);
        one_field(cases[i].rules, "Content-Location", cases[i].from, cases[i].to);
    }
}

BEAM_TEST(rewrite, cookies_stay_below_the_prefix)
{
    static const struct rewrite below = {.prefix = "/t/abc", .host_only_cookies = true}, none = {0};
    static const struct {
        const char *from, *to;
    } cases[] = {
        {"a=b", "a=b"},
        {"a=b; Path=/", "a=b; Path=/t/abc"},
        {"a=b;pATH = /x ; Secure", "a=b; Path=/t/abc/x; Secure"},
        {"a=\"b; Path=/t/abc/x; HttpOnly", "a=\"b; Path=/t/abc/x; HttpOnly"},
        {"a=b; Domain=example.com; Path=x", "a=b; Path=x"},
        {"Path=/; Path=/", "Path=/; Path=/t/abc"},
        {"__Host-a=b; Path=/; Secure", "__Host-a=b; Path=/; Secure"},
        {"a=b; SameSite=Lax;", "a=b; SameSite=Lax"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        one_field(&below, "Set-Cookie", cases[i].from, cases[i].to);
    one_field(&none, "Set-Cookie", "a=b; Domain=x; Path=/", "a=b; Domain=x; Path=/");
}

/* A publisher knows what the relay's cookie says of its own endpoint: it asks for the page. */
BEAM_TEST(rewrite, a_response_cannot_set_a_cookie_of_ours)
{
    static const struct rewrite plain = {.own_cookie = "seen"},
                                secure = {.own_cookie = "__Host-seen"}, none = {0};
    static const struct {
        const struct rewrite *rules;
        const char *cookie;
        bool passes;
    } cases[] = {
        {&secure, "__Host-seen=1; Path=/; Secure; SameSite=None", false},
        {&secure, "\t__Host-seen \t=1", false},
        {&secure, "__Host-seen", false},
        {&secure, "=__Host-seen=1; Path=/", false},
        {&secure, " = __Host-seen =1", false},
        {&secure, "seen=1; Path=/", false},
        {&secure, "=seen=1", false},
        {&plain, "seen=1", false},
        {&plain, "__Host-seen=1", true},
        {&none, "seen=1", true},
        {&secure, "seen2=1", true},
        {&secure, "a=__Host-seen=1; seen=1", true},
        {&secure, "==__Host-seen=1", true},
        {&secure, "=", true},
        {&secure, "", true},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char said[256];
        int n =
            snprintf(said, sizeof(said), "HTTP/1.1 200 OK\r\nset-cookie: %s\r\n", cases[i].cookie);
        snprintf(said + n, sizeof(said) - (size_t)n, "X: y\r\nContent-Length: 0\r\n\r\n");
        const char *got = response(cases[i].rules, get11, said, false);
        cr_expect_eq(strstr(got, "set-cookie") != NULL, cases[i].passes, "%s", got);
        cr_expect_not_null(strstr(got, "\r\nX: y\r\n"), "%s", got);
    }
}

BEAM_TEST(rewrite, all_or_nothing)
{
    static const struct rewrite none = {0};
    struct buf_pool *pool = NULL;
    struct http_head h;
    struct buf small;
    cr_assert_eq(buf_pool_new(4, &pool), 0);
    buf_init(&small, pool, 10);
    cr_assert_gt(http_head_parse(get11, strlen(get11), HTTP_REQUEST, &h), 0);
    cr_expect_lt(rewrite_request(&none, &h, &small), 0);
    cr_expect_eq(buf_len(&small), 0);
    buf_clear(&small);
    buf_pool_free(pool);
}
