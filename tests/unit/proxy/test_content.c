/* SPDX-License-Identifier: BSD-3-Clause */
#include "proxy/content.h"

#include <string.h>

#include "base/err.h"
#include "tests/unit/harness.h"

enum { CEILING = 64 * 1024, TEXT = 4096 };

#define HOST "Host: a\r\n"

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

/* As a proxy does: chunks stay chunks. */
static int content_move_all(struct http_body *body, struct trailers *t, struct buf *in,
                            struct buf *out)
{
    ssize_t n = content_move(body, body->framing == HTTP_BODY_CHUNKED, t, in, out);
    return n < 0 ? (int)n : 0;
}

/* Hands `text` over in pieces of so many bytes. Returns the first error; what the target gets is
 * in `out`, what is left over in `in`. */
static int run(struct http_body *body, const char *text, size_t piece, struct buf *in,
               struct buf *out)
{
    struct trailers t = {.len = 0};
    int err = 0;
    for (size_t at = 0, len = strlen(text); err == 0 && at < len; at += piece) {
        size_t n = len - at < piece ? len - at : piece;
        cr_assert_eq(buf_add(in, text + at, n), 0);
        err = content_move_all(body, &t, in, out);
    }
    trailers_clear(&t);
    return err;
}

static void begin(struct http_body *body, const char *head)
{
    struct http_head h;
    cr_assert_gt(http_head_parse(head, strlen(head), HTTP_REQUEST, &h), 0);
    http_body_init_request(body, &h);
}

static const char chunked[] = "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n";

BEAM_TEST(content, chunks_are_written_anew)
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
    cr_expect_str_eq(text_of(&out), "5\r\nhello\r\n1\r\n!\r\n0\r\nX: y\r\n\r\n");
    cr_expect_str_eq(text_of(&in), "GET /next");
    buf_clear(&in);
    buf_clear(&out);

    begin(&body, chunked);
    cr_expect_eq(run(&body, text, 1, &in, &out), 0);
    cr_expect_str_eq(text_of(&out), "1\r\nh\r\n1\r\ne\r\n1\r\nl\r\n1\r\nl\r\n1\r\no\r\n1\r\n!\r\n"
                                    "0\r\nX: y\r\n\r\n");
    cr_expect_str_eq(text_of(&in), "GET /next");
    buf_clear(&in);
    buf_clear(&out);
    buf_pool_free(pool);
}

BEAM_TEST(content, broken_chunks_end_it)
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

BEAM_TEST(content, a_length_is_kept_to)
{
    struct buf_pool *pool = pool_new();
    struct trailers t = {.len = 0};
    struct http_body body;
    struct buf in, out;
    buf_init(&in, pool, CEILING);
    buf_init(&out, pool, 40); /* room for 8 bytes at a time */
    begin(&body, "POST / HTTP/1.1\r\n" HOST "Content-Length: 12\r\n\r\n");
    cr_assert_eq(buf_add(&in, "hello, worldGET / HTTP/1.1", 26), 0);
    cr_expect_eq(content_move_all(&body, &t, &in, &out), 0);
    cr_expect_str_eq(text_of(&out), "hello, w");
    cr_expect_not(body.done);
    buf_clear(&out);
    cr_expect_eq(content_move_all(&body, &t, &in, &out), 0);
    cr_expect_str_eq(text_of(&out), "orld");
    cr_expect(body.done);
    cr_expect_str_eq(text_of(&in), "GET / HTTP/1.1");
    buf_clear(&in);
    buf_clear(&out);
    buf_pool_free(pool);
}

static void begin_response(struct http_body *body, const char *head)
{
    static const struct http_text get = {"GET", 3};
    struct http_head h;
    cr_assert_gt(http_head_parse(head, strlen(head), HTTP_RESPONSE, &h), 0);
    http_body_init_response(body, &h, get);
}

BEAM_TEST(content, a_body_can_become_chunked_and_cease_to_be)
{
    struct buf_pool *pool = pool_new();
    struct trailers t = {.len = 0};
    struct http_body body;
    struct buf in, out;
    buf_init(&in, pool, CEILING);
    buf_init(&out, pool, CEILING);
    begin_response(&body, "HTTP/1.1 200 OK\r\n\r\n");
    cr_assert_eq(buf_add(&in, "hello", 5), 0);
    cr_expect_eq(content_move(&body, true, &t, &in, &out), 5);
    cr_expect_eq(content_close(&body, true, &out), 0);
    cr_expect(body.done);
    cr_expect_str_eq(text_of(&out), "5\r\nhello\r\n0\r\n\r\n");
    buf_clear(&out);
    begin_response(&body, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    cr_assert_eq(buf_add(&in, "5\r\nhello\r\n", 10), 0);
    cr_expect_eq(content_move(&body, false, &t, &in, &out), 5);
    cr_expect_eq(content_close(&body, false, &out), BEAM_ERESET); /* it is not whole */
    cr_assert_eq(buf_add(&in, "0\r\nA: b\r\n\r\nx", 12), 0);
    cr_expect_eq(content_move(&body, false, &t, &in, &out), 0);
    cr_expect(body.done);
    cr_expect_eq(t.len, 6u);
    trailers_clear(&t);
    cr_expect_str_eq(text_of(&out), "hello");
    cr_expect_str_eq(text_of(&in), "x");
    buf_clear(&in);
    buf_clear(&out);
    buf_pool_free(pool);
}

BEAM_TEST(content, what_nobody_wants_is_let_go)
{
    struct buf_pool *pool = pool_new();
    struct http_body body;
    struct buf in;
    buf_init(&in, pool, CEILING);
    begin(&body, chunked);
    cr_assert_eq(buf_add(&in, "5\r\nhello\r\n0\r\n\r\nGET", 18), 0);
    cr_expect_eq(content_drop(&body, &in), 15);
    cr_expect(body.done);
    cr_expect_str_eq(text_of(&in), "GET");
    begin(&body, chunked);
    cr_expect_eq(content_drop(&body, &in), BEAM_EPROTO);
    buf_clear(&in);
    buf_pool_free(pool);
}

BEAM_TEST(content, trailers_wait_for_room_for_all_of_them)
{
    static const char text[] = "1\r\nx\r\n0\r\nA: b\r\nC: d\r\n\r\nGET";
    struct buf_pool *pool = pool_new();
    struct trailers t = {.len = 0};
    struct http_body body;
    struct buf in, out;
    buf_init(&in, pool, CEILING);
    buf_init(&out, pool, TRAILERS_ROOM + 1);
    begin(&body, chunked);
    cr_assert_eq(buf_add(&in, text, sizeof(text) - 1), 0);
    cr_expect_eq(content_move_all(&body, &t, &in, &out), 0);
    cr_expect_not(body.done);
    cr_expect_str_eq(text_of(&out), "1\r\nx\r\n");
    buf_clear(&out);
    cr_expect_eq(content_move_all(&body, &t, &in, &out), 0);
    cr_expect(body.done);
    cr_expect_str_eq(text_of(&out), "0\r\nA: b\r\nC: d\r\n\r\n");
    cr_expect_str_eq(text_of(&in), "GET");
    trailers_clear(&t);
    buf_clear(&in);
    buf_clear(&out);
    buf_pool_free(pool);
}
