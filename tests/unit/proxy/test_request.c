/* SPDX-License-Identifier: BSD-3-Clause */
#include "proxy/request.h"

#include <string.h>

#include "base/err.h"
#include "tests/unit/harness.h"

enum { CEILING = 64 * 1024, TEXT = 4096 };

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

static struct buf_pool *pool_new(void)
{
    struct buf_pool *pool = NULL;
    cr_assert_eq(buf_pool_new(4, &pool), 0);
    return pool;
}

static const char *text_of(const struct buf *b)
{
    static char text[TEXT];
    text[buf_peek(b, 0, text, TEXT - 1)] = '\0';
    return text;
}

BEAM_TEST(request, credentials_stay_here)
{
    static const char text[] = "\r\nPUT /x HTTP/1.1\r\nhOsT:a\r\naUTHORIZATION: Basic eDp5\r\n"
                               "X-B:  2 \r\nX-A:\r\nContent-Length: 1\r\n\r\n";
    struct buf_pool *pool = pool_new();
    struct http_head h;
    struct http_text value;
    struct buf out;
    buf_init(&out, pool, CEILING);
    cr_assert_eq(judge(text, &h), 0);
    cr_assert(request_credentials(&h, &value));
    cr_expect(http_text_is(value, "Basic eDp5"));
    cr_expect_eq(request_write_head(&h, &out), 0);
    cr_expect_str_eq(text_of(&out), "PUT /x HTTP/1.1\r\nhOsT: a\r\nX-B: 2\r\nX-A: \r\n"
                                    "Content-Length: 1\r\n\r\n");
    buf_clear(&out);
    struct buf small;
    buf_init(&small, pool, 10);
    int err = request_write_head(&h, &small);
    cr_expect_lt(err, 0);
    cr_expect_eq(buf_len(&small), 0);
    buf_clear(&small);
    buf_pool_free(pool);
}

/* Hands `text` over in pieces of so many bytes. Returns the first error; what the target gets is
 * in `out`, what is left over in `in`. */
static int run(struct http_body *body, const char *text, size_t piece, struct buf *in,
               struct buf *out)
{
    int err = 0;
    for (size_t at = 0, len = strlen(text); err == 0 && at < len; at += piece) {
        size_t n = len - at < piece ? len - at : piece;
        cr_assert_eq(buf_add(in, text + at, n), 0);
        err = request_move_body(body, in, out);
    }
    return err;
}

static void begin(struct http_body *body, const char *head)
{
    struct http_head h;
    cr_assert_eq(judge(head, &h), 0);
    http_body_init_request(body, &h);
}

static const char chunked[] = "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n";

BEAM_TEST(request, chunks_are_written_anew)
{
    static const char text[] = "05;a=\"b\" ; c\r\nhello\r\n1 \r\n!\r\n000\r\nX: y\r\n\r\nGET /next";
    struct buf_pool *pool = pool_new();
    struct http_body body;
    struct buf in, out;
    buf_init(&in, pool, CEILING);
    buf_init(&out, pool, CEILING);
    begin(&body, chunked);
    cr_expect_eq(run(&body, text, sizeof(text), &in, &out), 0);
    cr_expect(body.done);
    cr_expect_str_eq(text_of(&out), "5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n");
    cr_expect_str_eq(text_of(&in), "GET /next");
    buf_clear(&in);
    buf_clear(&out);

    begin(&body, chunked);
    cr_expect_eq(run(&body, text, 1, &in, &out), 0);
    cr_expect_str_eq(text_of(&out), "1\r\nh\r\n1\r\ne\r\n1\r\nl\r\n1\r\nl\r\n1\r\no\r\n1\r\n!\r\n"
                                    "0\r\n\r\n");
    cr_expect_str_eq(text_of(&in), "GET /next");
    buf_clear(&in);
    buf_clear(&out);
    buf_pool_free(pool);
}

BEAM_TEST(request, broken_chunks_end_it)
{
    static const char *const bad[] = {
        "5\nhello\r\n0\r\n\r\n",          "5\r\nhello0\r\n\r\n",     "0x5\r\nhello\r\n0\r\n\r\n",
        "+5\r\nhello\r\n0\r\n\r\n",       "-1\r\nhello\r\n",         " 5\r\nhello\r\n0\r\n\r\n",
        "5;a\nhello\r\n0\r\n\r\n",        "5;a\rb\r\nhello\r\n",     "\r\n0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",          "0\r\n X: folded\r\n\r\n", "0\r\nX: y\n\r\n",
        "10000000000000000\r\nhello\r\n", "5\r\r\nhello\r\n",        "5\r\nhello\r\n0\n\n",
    };
    struct buf_pool *pool = pool_new();
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct http_body body;
        struct buf in, out;
        buf_init(&in, pool, CEILING);
        buf_init(&out, pool, CEILING);
        begin(&body, chunked);
        cr_expect_eq(run(&body, bad[i], strlen(bad[i]), &in, &out), BEAM_EPROTO, "%s", bad[i]);
        cr_expect_not(body.done, "%s", bad[i]);
        cr_expect_null(strstr(text_of(&out), "0\r\n\r\n"), "%s", bad[i]);
        buf_clear(&in);
        buf_clear(&out);
    }
    buf_pool_free(pool);
}

BEAM_TEST(request, a_length_is_kept_to)
{
    struct buf_pool *pool = pool_new();
    struct http_body body;
    struct buf in, out;
    buf_init(&in, pool, CEILING);
    buf_init(&out, pool, 40); /* room for 8 bytes at a time */
    begin(&body, "POST / HTTP/1.1\r\n" HOST "Content-Length: 12\r\n\r\n");
    cr_assert_eq(buf_add(&in, "hello, worldGET / HTTP/1.1", 26), 0);
    cr_expect_eq(request_move_body(&body, &in, &out), 0);
    cr_expect_str_eq(text_of(&out), "hello, w");
    cr_expect_not(body.done);
    buf_clear(&out);
    cr_expect_eq(request_move_body(&body, &in, &out), 0);
    cr_expect_str_eq(text_of(&out), "orld");
    cr_expect(body.done);
    cr_expect_str_eq(text_of(&in), "GET / HTTP/1.1");
    buf_clear(&in);
    buf_clear(&out);
    buf_pool_free(pool);
}
