/* SPDX-License-Identifier: BSD-3-Clause */
#include "proxy/trailers.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "tests/unit/harness.h"

enum { TEXT = 4096 };

struct wrote {
    int err;
    char text[TEXT];
};

/* What becomes of these lines behind a head (NULL: one that says nothing of them). */
static struct wrote behind(const char *head, const char *lines, size_t room)
{
    struct buf_pool *pool = NULL;
    struct http_head parsed;
    struct trailers t = {.len = 0};
    struct wrote w = {.err = 0};
    struct buf out;
    cr_assert_eq(buf_pool_new(4, &pool), 0);
    buf_init(&out, pool, room);
    if (head) {
        cr_assert_geq(http_head_parse(head, strlen(head), HTTP_RESPONSE, &parsed), 0);
        cr_assert_eq(trailers_bar(&t, &parsed), 0);
    }
    for (size_t i = 0; lines[i]; i++)
        cr_assert_eq(trailers_add(&t, lines + i, 1), 0);
    w.err = trailers_write(&t, &out);
    w.text[buf_peek(&out, 0, w.text, TEXT - 1)] = '\0';
    trailers_clear(&t);
    buf_clear(&out);
    buf_pool_free(pool);
    return w;
}

static struct wrote of(const char *lines, size_t room)
{
    return behind(NULL, lines, room);
}

BEAM_TEST(trailers, what_connection_names_is_for_who_hears_it_first)
{
    static const char head[] = "HTTP/1.1 200 OK\r\nConnection: x-a , close\r\nA: x-d\r\n"
                               "connection: X-B\r\nTransfer-Encoding: chunked\r\n\r\n";
    cr_expect_str_eq(behind(head, "X-A: 1\r\nx-b: 2\r\nX-AB: 3\r\nX-D: 4\r\n", TEXT).text,
                     "0\r\nX-AB: 3\r\nX-D: 4\r\n\r\n");
}

BEAM_TEST(trailers, what_says_something_of_the_content_goes_on)
{
    static const char all[] = "grpc-status: 0\r\nGrpc-Message:  a b \r\nX_Y: \r\nDigest: sha\r\n"
                              "Server-Timing: a;dur=1\r\n";
    cr_expect_str_eq(of("", TEXT).text, "0\r\n\r\n");
    cr_expect_str_eq(of(all, TEXT).text,
                     "0\r\ngrpc-status: 0\r\nGrpc-Message: a b\r\nX_Y: \r\nDigest: sha\r\n"
                     "Server-Timing: a;dur=1\r\n\r\n");
}

BEAM_TEST(trailers, what_would_be_a_head_does_not)
{
    static const char *const dropped[] = {"Connection",
                                          "Keep-Alive",
                                          "TE",
                                          "Trailer",
                                          "Upgrade",
                                          "Authorization",
                                          "Cookie",
                                          "Set-Cookie",
                                          "Www-Authenticate",
                                          "Expect",
                                          "If-None-Match",
                                          "Range",
                                          "Pragma",
                                          "Cache-Control",
                                          "Content-Type",
                                          "Content-Range",
                                          "Content_Type",
                                          "Date",
                                          "Location",
                                          "Vary",
                                          "X-Forwarded-For",
                                          "X_Forwarded_Host",
                                          "Forwarded",
                                          "X-Real-IP",
                                          "Alt-Svc",
                                          "Clear-Site-Data",
                                          "Strict-Transport-Security",
                                          "Proxy_Authorization",
                                          "origin"};
    for (size_t i = 0; i < sizeof(dropped) / sizeof(dropped[0]); i++) {
        char lines[128];
        snprintf(lines, sizeof(lines), "A: 1\r\n%s: x\r\nB: 2\r\n", dropped[i]);
        cr_expect_str_eq(of(lines, TEXT).text, "0\r\nA: 1\r\nB: 2\r\n\r\n", "%s", dropped[i]);
    }
}

BEAM_TEST(trailers, framing_and_hosts_are_an_attack)
{
    static const char *const bad[] = {
        "Content-Length: 3\r\n",
        "A: 1\r\ncontent-length: 3\r\n",
        "Content_Length: 3\r\n",
        "Transfer-Encoding: x\r\n",
        "TRANSFER_ENCODING: chunked\r\n",
        "Host: b\r\n",
        "X: a\x01b\r\n",
        "X: a\x7f\r\n",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct wrote w = of(bad[i], TEXT);
        cr_expect_eq(w.err, BEAM_EPROTO, "%s", bad[i]);
        cr_expect_str_eq(w.text, "", "%s", bad[i]);
    }
}

BEAM_TEST(trailers, all_of_them_or_nothing)
{
    struct wrote w = of("A: 1\r\nB: 2\r\n", 16);
    cr_expect_eq(w.err, BEAM_ELIMIT);
    cr_expect_str_eq(w.text, "");
    cr_expect_eq(of("A: 1\r\nB: 2\r\n", 17).err, 0);
}

BEAM_TEST(trailers, they_are_bounded)
{
    struct trailers t = {.len = 0};
    char piece[1000];
    memset(piece, 'a', sizeof(piece));
    size_t n = 0;
    for (; n + sizeof(piece) <= HTTP_TRAILERS_MAX; n += sizeof(piece))
        cr_assert_eq(trailers_add(&t, piece, sizeof(piece)), 0);
    cr_expect_eq(trailers_add(&t, piece, sizeof(piece)), BEAM_ELIMIT);
    cr_assert_eq(trailers_add(&t, piece, HTTP_TRAILERS_MAX - n), 0);
    cr_expect_eq(trailers_add(&t, piece, 1), BEAM_ELIMIT);
    char *all = trailers_take(&t, &n);
    cr_assert_not_null(all);
    cr_expect_eq(n, (size_t)HTTP_TRAILERS_MAX);
    free(all);
    cr_expect_null(trailers_take(&t, &n), "they were handed over");
    trailers_clear(&t);
}
