/* SPDX-License-Identifier: BSD-3-Clause */
#include "demo/page.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/harness.h"

struct set {
    struct buf_pool *pool;
    struct buf out;
    char text[8192];
};

static void begin(struct set *s)
{
    memset(s, 0, sizeof(*s));
    cr_assert_eq(buf_pool_new(1, &s->pool), 0);
    buf_init(&s->out, s->pool, sizeof(s->text) - 1);
}

static void end(struct set *s)
{
    buf_clear(&s->out);
    buf_pool_free(s->pool);
}

/* The answer to a request, as text. */
static const char *ask(struct set *s, const char *request)
{
    struct http_head head;
    buf_clear(&s->out);
    int n = http_head_parse(request, strlen(request), HTTP_REQUEST, &head);
    cr_assert_gt(n, 0, "%s", request);
    cr_assert_eq(page_answer(&head, request, (size_t)n, &s->out), 0);
    s->text[buf_peek(&s->out, 0, s->text, sizeof(s->text) - 1)] = '\0';
    return s->text;
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* What its head says of the length is what there is, unless nothing is. */
static void is_whole(const char *answer, bool with_body)
{
    struct http_head head;
    int n = http_head_parse(answer, strlen(answer), HTTP_RESPONSE, &head);
    cr_assert_gt(n, 0, "%s", answer);
    cr_expect(head.has_length && head.close);
    cr_expect_eq(strlen(answer) - (size_t)n, with_body ? head.content_length : 0);
}

BEAM_TEST(page, front)
{
    struct set s;
    begin(&s);
    const char *answer = ask(&s, "GET /?x=y HTTP/1.1\r\nHost: a\r\n\r\n");
    cr_expect(begins(answer, "HTTP/1.1 200 OK\r\nContent-Type: text/html"));
    cr_expect_not_null(strstr(answer, "</html>\n"));
    is_whole(answer, true);
    char *first = strdup(answer);
    cr_assert_not_null(first);
    buf_clear(&s.out);
    cr_assert_eq(page_front(&s.out), 0);
    s.text[buf_peek(&s.out, 0, s.text, sizeof(s.text) - 1)] = '\0';
    cr_expect_str_eq(s.text, first, "it is not the same each time");
    free(first);
    answer = ask(&s, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    cr_expect(begins(answer, "HTTP/1.1 200 OK\r\n"));
    is_whole(answer, false);
    end(&s);
}

BEAM_TEST(page, echo)
{
    static const char request[] = "GET /echo HTTP/1.1\r\nHost: a\r\nX: \x1b[1m\r\n\r\nmore";
    struct set s;
    begin(&s);
    const char *answer = ask(&s, request);
    is_whole(answer, true);
    const char *body = strstr(answer, "\r\n\r\n") + 4;
    cr_expect_eq(strlen(body), sizeof(request) - 1 - 4, "the head, and not what follows it");
    cr_expect(begins(request, body));
    end(&s);
}

BEAM_TEST(page, other)
{
    struct set s;
    begin(&s);
    const char *answer = ask(&s, "GET /echo/../ HTTP/1.1\r\nHost: a\r\n\r\n");
    cr_expect(begins(answer, "HTTP/1.1 404 "));
    is_whole(answer, true);
    answer = ask(&s, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    cr_expect(begins(answer, "HTTP/1.1 405 "));
    is_whole(answer, true);
    buf_clear(&s.out);
    cr_assert_eq(page_refusal(&s.out), 0);
    s.text[buf_peek(&s.out, 0, s.text, sizeof(s.text) - 1)] = '\0';
    cr_expect(begins(s.text, "HTTP/1.1 400 "));
    is_whole(s.text, true);
    end(&s);
}
