/* SPDX-License-Identifier: BSD-3-Clause */
#include "http/head.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "tests/unit/harness.h"
#include "tests/unit/seed.h"

static int parse(const char *text, enum http_kind kind, struct http_head *h)
{
    return http_head_parse(text, strlen(text), kind, h);
}

static bool is(struct http_text t, const char *text)
{
    return t.len == strlen(text) && memcmp(t.at, text, t.len) == 0;
}

BEAM_TEST(head, a_request)
{
    static const char text[] = "POST /a?b=c%20d HTTP/1.1\r\n"
                               "Host: example.org\r\n"
                               "content-LENGTH:\t 5 \r\n"
                               "X-Empty:\r\n"
                               "X-Two: 1\r\n"
                               "X-Two: 2\r\n"
                               "\r\nhello";
    struct http_head h;
    struct http_text v = {NULL, 0}, n;
    cr_assert_eq(parse(text, HTTP_REQUEST, &h), (int)strlen(text) - 5);
    cr_assert_eq(h.kind, HTTP_REQUEST);
    cr_assert(is(h.method, "POST") && is(h.target, "/a?b=c%20d") && h.minor == 1);
    cr_assert(h.has_length && h.content_length == 5 && !h.chunked && !h.coded);
    cr_assert(!h.close && !h.upgrade && !h.expect_continue);
    cr_assert(http_head_field(&h, "HOST", &v) && is(v, "example.org"));
    cr_assert(v.at > text && v.at < text + sizeof(text), "a view");
    cr_assert(http_head_field(&h, "x-empty", &v) && is(v, ""));
    cr_assert(http_head_field(&h, "x-two", &v) && is(v, "1"), "the first");
    cr_assert_not(http_head_field(&h, "x-tw", &v));
    cr_assert_not(http_head_field(&h, "x-twos", &v));
    size_t at = 0, count = 0;
    while (http_head_next(&h, &at, &n, &v))
        count++;
    cr_assert_eq(count, 5u);
    cr_assert(is(n, "X-Two") && is(v, "2"));
    cr_assert_not(http_head_next(&h, &at, &n, &v), "the end stays the end");
}

BEAM_TEST(head, the_smallest_ones)
{
    struct http_head h;
    struct http_text n, v;
    size_t at = 0;
    cr_assert_eq(parse("G * HTTP/1.0\r\n\r\n", HTTP_REQUEST, &h), 16);
    cr_assert(is(h.method, "G") && is(h.target, "*") && h.minor == 0 && h.close);
    cr_assert_not(http_head_next(&h, &at, &n, &v));
    cr_assert_eq(parse("HTTP/1.1 200 OK\r\n\r\n", HTTP_RESPONSE, &h), 19);
    cr_assert(h.kind == HTTP_RESPONSE && h.status == 200 && h.minor == 1 && h.method.len == 0);
    cr_assert_eq(parse("HTTP/1.1 404 \r\n\r\n", HTTP_RESPONSE, &h), 17);
    cr_assert_eq(parse("HTTP/1.1 999\r\n\r\n", HTTP_RESPONSE, &h), 16);
    cr_assert_eq(h.status, 999);
}

BEAM_TEST(head, empty_lines_before_a_request)
{
    struct http_head h;
    cr_assert_eq(parse("\r\nGET / HTTP/1.1\r\n\r\n", HTTP_REQUEST, &h), 20);
    cr_assert_eq(parse("\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\n\r\n", HTTP_REQUEST, &h), 26);
    cr_assert_eq(parse("\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\n\r\n", HTTP_REQUEST, &h),
                 BEAM_EPROTO);
    cr_assert_eq(parse("\nGET / HTTP/1.1\r\n\r\n", HTTP_REQUEST, &h), BEAM_EPROTO);
    cr_assert_eq(parse("\r\nHTTP/1.1 200 OK\r\n\r\n", HTTP_RESPONSE, &h), BEAM_EPROTO);
    cr_assert_eq(parse("\r\n", HTTP_REQUEST, &h), BEAM_EAGAIN);
    cr_assert_eq(parse("\r", HTTP_REQUEST, &h), BEAM_EAGAIN);
    cr_assert_eq(parse("\r\n\r\n\r\n\r\n", HTTP_REQUEST, &h), BEAM_EAGAIN);
    cr_assert_eq(parse("\r\n\r\n\r\n\r\n\r", HTTP_REQUEST, &h), BEAM_EPROTO);
}

static void refused(const char *const *rows, size_t n, enum http_kind kind)
{
    for (size_t i = 0; i < n; i++) {
        struct http_head h, untouched;
        memset(&h, 0x5a, sizeof(h));
        memset(&untouched, 0x5a, sizeof(untouched));
        cr_assert_eq(parse(rows[i], kind, &h), BEAM_EPROTO, "%zu: %s", i, rows[i]);
        cr_assert_eq(memcmp(&h, &untouched, sizeof(h)), 0);
    }
}

BEAM_TEST(head, request_lines_refused)
{
    static const char *const rows[] = {
        "GET /\r\n\r\n",
        "GET  / HTTP/1.1\r\n\r\n",
        "GET /  HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1 \r\n\r\n",
        " GET / HTTP/1.1\r\n\r\n",
        "GET\t/ HTTP/1.1\r\n\r\n",
        "GET /a\tb HTTP/1.1\r\n\r\n",
        "GET /a\vb HTTP/1.1\r\n\r\n",
        "GET /a b HTTP/1.1\r\n\r\n",
        "GET / HTTP/2.0\r\n\r\n",
        "GET / HTTP/1\r\n\r\n",
        "GET / HTTP/1.\r\n\r\n",
        "GET / HTTP/1.10\r\n\r\n",
        "GET / HTTP/1.x\r\n\r\n",
        "GET / http/1.1\r\n\r\n",
        "GET / HTTPS/1.1\r\n\r\n",
        "G(T / HTTP/1.1\r\n\r\n",
        "G\xc3\x89T / HTTP/1.1\r\n\r\n",
        "/ HTTP/1.1\r\n\r\n",
        "GET HTTP/1.1\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "\x16\x03\x01\x02",
        "HELO mail.example\r\n",
    };
    refused(rows, sizeof(rows) / sizeof(rows[0]), HTTP_REQUEST);
}

BEAM_TEST(head, status_lines_refused)
{
    static const char *const rows[] = {
        "HTTP/1.1\r\n\r\n",
        "HTTP/1.1 \r\n\r\n",
        "HTTP/1.1 20\r\n\r\n",
        "HTTP/1.1 2000\r\n\r\n",
        "HTTP/1.1 099 x\r\n\r\n",
        "HTTP/1.1 2x0 OK\r\n\r\n",
        "HTTP/1.1  200 OK\r\n\r\n",
        "HTTP/1.1\t200 OK\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/2 200\r\n\r\n",
        "HTTP/1.1 200\tOK\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "ICY 200 OK\r\n\r\n",
        "HTTP/1.1 -20 OK\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "220 mail",
        "HTTX",
    };
    refused(rows, sizeof(rows) / sizeof(rows[0]), HTTP_RESPONSE);
}

BEAM_TEST(head, field_lines_refused)
{
    static const char *const rows[] = {
        "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        "GET / HTTP/1.1\r\n: no name\r\n\r\n",
        "GET / HTTP/1.1\r\nname : blank before\r\n\r\n",
        "GET / HTTP/1.1\r\n name: indented\r\n\r\n",
        "GET / HTTP/1.1\r\na: b\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\r\na: b\r\n\tfolded: c\r\n\r\n",
        "GET / HTTP/1.1\r\nn\xc3\xa9: v\r\n\r\n",
        "GET / HTTP/1.1\r\na: b\n\r\n",
        "GET / HTTP/1.1\r\na: b\nc: d\r\n\r\n",
        "GET / HTTP/1.1\r\na: b\rc: d\r\n\r\n",
        "GET / HTTP/1.1\r\na: b\r\r\n\r\n",
        "GET / HTTP/1.1\n\n",
        "GET / HTTP/1.1\r\n\n",
        "GET / HTTP/1.1\r\n\r\r\n",
    };
    refused(rows, sizeof(rows) / sizeof(rows[0]), HTTP_REQUEST);
    struct http_head h;
    static const char nul_line[] = "GET /\0 HTTP/1.1\r\n\r\n",
                      nul_field[] = "GET / HTTP/1.1\r\na: \0";
    cr_assert_eq(http_head_parse(nul_line, sizeof(nul_line) - 1, HTTP_REQUEST, &h), BEAM_EPROTO);
    cr_assert_eq(http_head_parse(nul_line, 6, HTTP_REQUEST, &h), BEAM_EPROTO, "at once");
    cr_assert_eq(http_head_parse(nul_field, sizeof(nul_field) - 1, HTTP_REQUEST, &h), BEAM_EPROTO);
}

/* Others may let them pass, so a log must be able to show them (escaped). */
BEAM_TEST(head, other_control_characters_pass)
{
    struct http_head h;
    struct http_text v;
    cr_assert_gt(
        parse("GET /\x1b[31m\x7f\x01 HTTP/1.1\r\nA: \x1b]0;x\x07\r\n\r\n", HTTP_REQUEST, &h), 0);
    cr_assert(is(h.target, "/\x1b[31m\x7f\x01"));
    cr_assert(http_head_field(&h, "a", &v) && is(v, "\x1b]0;x\x07"));
    cr_assert_gt(parse("GET /\xc3\xa9 HTTP/1.1\r\nA: \xff\r\n\r\n", HTTP_REQUEST, &h), 0);
}

/* What a head with these fields says of the body: L(ength), C(hunked), c(oded), - nothing; or x:
 * it is refused. */
struct framing {
    const char *fields;
    char request, response;
    uint64_t length;
};

static char framing_of(const char *start, const struct framing *row, enum http_kind kind)
{
    char text[512];
    struct http_head h;
    snprintf(text, sizeof(text), "%s\r\n%s\r\n", start, row->fields);
    int n = parse(text, kind, &h);
    if (n < 0) {
        cr_assert_eq(n, BEAM_EPROTO);
        return 'x';
    }
    if (h.has_length)
        cr_assert_eq(h.content_length, row->length);
    cr_assert(h.has_length + h.chunked + h.coded <= 1, "never two ways");
    return h.has_length ? 'L' : h.chunked ? 'C' : h.coded ? 'c' : '-';
}

BEAM_TEST(head, framing)
{
    static const struct framing rows[] = {
        {"", '-', '-', 0},
        {"Content-Length: 0\r\n", 'L', 'L', 0},
        {"Content-Length: 007\r\n", 'L', 'L', 7},
        {"Content-Length: 5\r\nContent-Length: 5\r\n", 'L', 'L', 5},
        {"Content-Length: 5, 5 ,5\r\n", 'L', 'L', 5},
        {"Content-Length: 9223372036854775807\r\n", 'L', 'L', INT64_MAX},
        {"Content-Length: 9223372036854775808\r\n", 'x', 'x', 0},
        {"Content-Length: 99999999999999999999999999\r\n", 'x', 'x', 0},
        {"Content-Length: 5\r\nContent-Length: 6\r\n", 'x', 'x', 0},
        {"Content-Length: 5, 6\r\n", 'x', 'x', 0},
        {"Content-Length: \r\n", 'x', 'x', 0},
        {"Content-Length: ,\r\n", 'x', 'x', 0},
        {"Content-Length: +5\r\n", 'x', 'x', 0},
        {"Content-Length: -5\r\n", 'x', 'x', 0},
        {"Content-Length: 0x5\r\n", 'x', 'x', 0},
        {"Content-Length: 5 5\r\n", 'x', 'x', 0},
        {"Content-Length: 5;\r\n", 'x', 'x', 0},
        {"Transfer-Encoding: chunked\r\n", 'C', 'C', 0},
        {"Transfer-Encoding: Chunked\r\n", 'C', 'C', 0},
        {"Transfer-Encoding: gzip, chunked\r\n", 'C', 'C', 0},
        {"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", 'C', 'C', 0},
        {"Transfer-Encoding: , chunked ,\r\n", 'C', 'C', 0},
        {"Transfer-Encoding: gzip\r\n", 'x', 'c', 0},
        {"Transfer-Encoding: identity\r\n", 'x', 'c', 0},
        {"Transfer-Encoding: gzip;q=\"1\"\r\n", 'x', 'c', 0},
        {"Transfer-Encoding: chunked, gzip\r\n", 'x', 'x', 0},
        {"Transfer-Encoding: chunked, chunked\r\n", 'x', 'x', 0},
        {"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", 'x', 'x', 0},
        {"Transfer-Encoding: chunked;a=b\r\n", 'x', 'x', 0},
        {"Transfer-Encoding: chunked x\r\n", 'x', 'x', 0},
        {"Transfer-Encoding: \"chunked\"\r\n", 'x', 'x', 0},
        {"Transfer-Encoding: xchunked\r\n", 'x', 'c', 0},
        {"Transfer-Encoding: \vchunked\r\n", 'x', 'x', 0},
        {"Transfer-Encoding:\r\n", 'x', 'x', 0},
        {"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", 'x', 'x', 0},
        {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 'x', 'x', 0},
        {"Content-Length: 5\r\nTransfer-Encoding: gzip\r\n", 'x', 'x', 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cr_assert_eq(framing_of("POST / HTTP/1.1", &rows[i], HTTP_REQUEST), rows[i].request, "%s",
                     rows[i].fields);
        cr_assert_eq(framing_of("HTTP/1.1 200 OK", &rows[i], HTTP_RESPONSE), rows[i].response, "%s",
                     rows[i].fields);
        /* HTTP/1.0 has no codings. */
        bool coding = strstr(rows[i].fields, "Transfer") != NULL;
        cr_assert_eq(framing_of("POST / HTTP/1.0", &rows[i], HTTP_REQUEST),
                     coding ? 'x' : rows[i].request, "%s", rows[i].fields);
    }
}

BEAM_TEST(head, what_becomes_of_the_connection)
{
    static const struct {
        const char *head;
        bool close, upgrade, expect;
    } rows[] = {
        {"GET / HTTP/1.1\r\n\r\n", false, false, false},
        {"GET / HTTP/1.0\r\n\r\n", true, false, false},
        {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", false, false, false},
        {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", true, false, false},
        {"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", true, false, false},
        {"GET / HTTP/1.1\r\nConnection: x, CLOSE\r\n\r\n", true, false, false},
        {"GET / HTTP/1.1\r\nConnection: closed\r\n\r\n", false, false, false},
        {"GET / HTTP/1.1\r\nConnection: x\r\nConnection: close\r\n\r\n", true, false, false},
        {"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", false, true, false},
        {"GET / HTTP/1.1\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n", false,
         true, false},
        {"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n", false, false, false},
        {"GET / HTTP/1.1\r\nConnection: upgrade\r\n\r\n", false, false, false},
        {"GET / HTTP/1.0\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", true, false, false},
        {"PUT / HTTP/1.1\r\nExpect: 100-Continue\r\n\r\n", false, false, true},
        {"PUT / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n", true, false, false},
        {"PUT / HTTP/1.1\r\nExpect: 100\r\n\r\n", false, false, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct http_head h;
        cr_assert_gt(parse(rows[i].head, HTTP_REQUEST, &h), 0);
        cr_assert(h.close == rows[i].close && h.upgrade == rows[i].upgrade &&
                      h.expect_continue == rows[i].expect,
                  "%s", rows[i].head);
    }
    struct http_head h;
    cr_assert_gt(parse("HTTP/1.1 200 OK\r\nExpect: 100-continue\r\n\r\n", HTTP_RESPONSE, &h), 0);
    cr_assert_not(h.expect_continue);
}

BEAM_TEST(head, texts)
{
    struct http_text list = {" a ,, b c,\tclose\t,", 18};
    cr_assert(http_text_lists(list, "a") && http_text_lists(list, "B C"));
    cr_assert(http_text_lists(list, "close"));
    cr_assert_not(http_text_lists(list, "b"));
    cr_assert_not(http_text_lists(list, ""));
    cr_assert_not(http_text_lists((struct http_text){NULL, 0}, "a"));
    cr_assert(http_text_is((struct http_text){"Ab", 2}, "aB"));
    cr_assert_not(http_text_is((struct http_text){"Ab", 2}, "a"));
    cr_assert_not(http_text_is((struct http_text){"Ab", 2}, "abc"));
    cr_assert(http_text_is((struct http_text){NULL, 0}, ""));
}

/* A head of exactly `size` bytes. */
static char *sized(size_t size)
{
    static const char start[] = "GET / HTTP/1.1\r\nA: ";
    char *text = malloc(size + 1);
    cr_assert_not_null(text);
    memset(text, 'a', size);
    memcpy(text, start, strlen(start));
    memcpy(text + size - 4, "\r\n\r\n", 5);
    return text;
}

BEAM_TEST(head, up_to_the_limit)
{
    struct http_head h;
    size_t seen = 0;
    char *text = sized(HTTP_HEAD_MAX);
    cr_assert_eq(parse(text, HTTP_REQUEST, &h), HTTP_HEAD_MAX);
    cr_assert_eq(http_head_parse(text, HTTP_HEAD_MAX - 1, HTTP_REQUEST, &h), BEAM_EAGAIN);
    cr_assert_eq(http_head_find(text, HTTP_HEAD_MAX - 1, &seen), BEAM_EAGAIN);
    cr_assert_eq(http_head_find(text, HTTP_HEAD_MAX, &seen), HTTP_HEAD_MAX);
    free(text);

    text = sized(HTTP_HEAD_MAX + 1);
    seen = 0;
    cr_assert_eq(parse(text, HTTP_REQUEST, &h), BEAM_ELIMIT);
    cr_assert_eq(http_head_parse(text, HTTP_HEAD_MAX, HTTP_REQUEST, &h), BEAM_ELIMIT);
    cr_assert_eq(http_head_find(text, HTTP_HEAD_MAX - 1, &seen), BEAM_EAGAIN);
    cr_assert_eq(http_head_find(text, HTTP_HEAD_MAX, &seen), BEAM_ELIMIT);
    cr_assert_eq(http_head_find(text, HTTP_HEAD_MAX + 1, &seen), BEAM_ELIMIT);
    free(text);

    char method[HTTP_METHOD_MAX + 32];
    memset(method, 'M', sizeof(method));
    memcpy(method + HTTP_METHOD_MAX, " / HTTP/1.1\r\n\r\n", 16);
    cr_assert_gt(parse(method, HTTP_REQUEST, &h), 0);
    cr_assert_eq(http_looks(method, strlen(method)), HTTP_YES);
    memset(method, 'M', HTTP_METHOD_MAX + 1);
    memcpy(method + HTTP_METHOD_MAX + 1, " / HTTP/1.1\r\n\r\n", 16);
    cr_assert_eq(parse(method, HTTP_REQUEST, &h), BEAM_EPROTO);
    cr_assert_eq(http_head_parse(method, HTTP_METHOD_MAX, HTTP_REQUEST, &h), BEAM_EAGAIN);
    cr_assert_eq(http_head_parse(method, HTTP_METHOD_MAX + 1, HTTP_REQUEST, &h), BEAM_EPROTO);
}

static const char *const samples[] = {
    "GET / HTTP/1.1\r\n\r\n",
    "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST /x HTTP/1.0\r\nContent-Length: 3\r\nA:\r\nB: c d e\r\n\r\n",
    "M-SEARCH * HTTP/1.1\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
};

/* Cut anywhere, a head is not whole, but nothing is wrong with it. */
BEAM_TEST(head, every_prefix_asks_for_more)
{
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        size_t len = strlen(samples[i]), seen = 0;
        char text[128];
        memcpy(text, samples[i], len);
        memcpy(text + len, "body", 4);
        for (size_t n = 0; n < len + 4; n++) {
            struct http_head h;
            int want = n < len ? BEAM_EAGAIN : (int)len;
            cr_assert_eq(http_head_parse(text, n, HTTP_REQUEST, &h), want, "%zu: %zu", i, n);
            cr_assert_eq(http_head_find(text, n, &seen), want, "%zu: %zu", i, n);
            const char *version = strstr(samples[i], " HTTP/1.");
            enum http_guess guess = n < (size_t)(version - samples[i]) + 8 ? HTTP_MORE : HTTP_YES;
            cr_assert_eq(http_looks(text, n), guess, "%zu: %zu", i, n);
        }
    }
    struct http_head h;
    static const char answer[] = "HTTP/1.1 200 OK\r\nA: b\r\n\r\n";
    for (size_t n = 0; n < strlen(answer); n++)
        cr_assert_eq(http_head_parse(answer, n, HTTP_RESPONSE, &h), BEAM_EAGAIN);
}

BEAM_TEST(head, looks_knows_other_protocols_soon)
{
    static const struct {
        const char *bytes;
        size_t len, known; /* after so many bytes it is NO */
    } rows[] = {
        {"\x16\x03\x01\x02\x00", 5, 1},
        {"SSH-2.0-OpenSSH_9.2\r\n", 21, 20},
        {"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", 32, 31},
        {"\x00\x00\x00\x2a\x00", 5, 1},
        {"\x05\x01\x00", 3, 1},
        {"PRI * HTTP/2.0\r\n", 16, 12},
        {"GET / HTTP/2", 12, 12},
        {"GET /\r\n", 7, 6},
        {"GET  / HTTP/1.1", 15, 5},
        {"GET / FTP", 9, 7},
        {"EHLO mail.example\r\n", 19, 18},
        {"{\"json\":1}", 10, 1},
        {" GET", 4, 1},
        {"\n", 1, 1},
        {"\rG", 2, 2},
        {"\r\n\r\n\r\n\r\n\r\n", 10, 9},
        {"GET /\0", 6, 6},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (size_t n = 0; n <= rows[i].len; n++)
            cr_assert_eq(http_looks(rows[i].bytes, n), n < rows[i].known ? HTTP_MORE : HTTP_NO,
                         "%zu: %zu", i, n);
    char *endless = malloc(2 * HTTP_HEAD_MAX);
    cr_assert_not_null(endless);
    memset(endless, 'a', 2 * HTTP_HEAD_MAX);
    memcpy(endless, "GET ", 4);
    cr_assert_eq(http_looks(endless, HTTP_HEAD_MAX), HTTP_NO, "a line that never ends");
    free(endless);
}

/* Random damage: whatever is taken is a head by the rules, and the answers for a part of the bytes
 * never contradict the answer for all of them. */
BEAM_TEST(head, damaged_heads)
{
    struct seed s = seed_start("head");
    static const char nasty[] = "\r\n\0 :,;\t\x1b\x7f\xff"
                                "aG1/";
    for (int round = 0; round < 20000; round++) {
        char text[128];
        const char *sample = samples[seed_below(&s, sizeof(samples) / sizeof(samples[0]))];
        size_t len = strlen(sample);
        memcpy(text, sample, len);
        for (size_t i = seed_below(&s, 3) + 1; i > 0; i--)
            text[seed_below(&s, len)] = nasty[seed_below(&s, sizeof(nasty) - 1)];
        struct http_head h;
        int whole = http_head_parse(text, len, HTTP_REQUEST, &h);
        size_t part = seed_below(&s, len);
        struct http_head ignored;
        int early = http_head_parse(text, part, HTTP_REQUEST, &ignored);
        if (whole > 0) {
            size_t seen = 0;
            BEAM_CHECK(http_head_find(text, len, &seen) == whole);
            BEAM_CHECK(early == (part < (size_t)whole ? BEAM_EAGAIN : whole));
            BEAM_CHECK(http_looks(text, len) == HTTP_YES);
            BEAM_CHECK(memchr(text, 0, (size_t)whole) == NULL);
            for (int i = 0; i < whole; i++)
                BEAM_CHECK((text[i] == '\n') == (i > 0 && text[i - 1] == '\r'));
            BEAM_CHECK(h.method.len > 0 && h.target.len > 0);
            size_t at = 0;
            struct http_text n, v;
            while (http_head_next(&h, &at, &n, &v))
                BEAM_CHECK(n.len > 0);
            BEAM_CHECK(at == h.fields.len);
        } else {
            BEAM_CHECK(early <= 0);
            BEAM_CHECK(whole != BEAM_EAGAIN || early == BEAM_EAGAIN);
        }
    }
}
