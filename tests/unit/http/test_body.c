/* SPDX-License-Identifier: BSD-3-Clause */
#include "http/body.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "tests/unit/harness.h"
#include "tests/unit/seed.h"

static struct http_text text(const char *s)
{
    return (struct http_text){s, strlen(s)};
}

static struct http_body request(const char *fields)
{
    char head[512];
    struct http_head h;
    struct http_body b;
    snprintf(head, sizeof(head), "POST / HTTP/1.1\r\n%s\r\n", fields);
    cr_assert_gt(http_head_parse(head, strlen(head), HTTP_REQUEST, &h), 0);
    http_body_init_request(&b, &h);
    return b;
}

static struct http_body response(int status, const char *fields, const char *method)
{
    char head[512];
    struct http_head h;
    struct http_body b;
    snprintf(head, sizeof(head), "HTTP/1.1 %d x\r\n%s\r\n", status, fields);
    cr_assert_gt(http_head_parse(head, strlen(head), HTTP_RESPONSE, &h), 0);
    http_body_init_response(&b, &h, text(method));
    return b;
}

static const char *const chunked = "Transfer-Encoding: chunked\r\n";

BEAM_TEST(body, which_framing_a_request_has)
{
    struct http_body b = request("");
    cr_assert(b.framing == HTTP_BODY_NONE && b.done);
    b = request("Content-Length: 0\r\n");
    cr_assert(b.framing == HTTP_BODY_LENGTH && b.done);
    b = request("Content-Length: 1\r\n");
    cr_assert(b.framing == HTTP_BODY_LENGTH && !b.done);
    b = request(chunked);
    cr_assert(b.framing == HTTP_BODY_CHUNKED && !b.done);
}

BEAM_TEST(body, which_framing_a_response_has)
{
    static const struct {
        int status;
        const char *fields, *method;
        enum http_framing framing;
        bool done;
    } rows[] = {
        {200, "", "GET", HTTP_BODY_UNTIL_CLOSE, false},
        {200, "Content-Length: 5\r\n", "GET", HTTP_BODY_LENGTH, false},
        {200, "Content-Length: 0\r\n", "GET", HTTP_BODY_LENGTH, true},
        {200, "Transfer-Encoding: chunked\r\n", "GET", HTTP_BODY_CHUNKED, false},
        {200, "Transfer-Encoding: gzip\r\n", "GET", HTTP_BODY_UNTIL_CLOSE, false},
        {200, "Content-Length: 5\r\n", "HEAD", HTTP_BODY_NONE, true},
        {200, "Transfer-Encoding: chunked\r\n", "HEAD", HTTP_BODY_NONE, true},
        {200, "Content-Length: 5\r\n", "head", HTTP_BODY_LENGTH, false},
        {204, "Content-Length: 5\r\n", "GET", HTTP_BODY_NONE, true},
        {205, "Content-Length: 5\r\n", "GET", HTTP_BODY_LENGTH, false},
        {304, "Content-Length: 5\r\n", "GET", HTTP_BODY_NONE, true},
        {304, "Transfer-Encoding: chunked\r\n", "GET", HTTP_BODY_NONE, true},
        {404, "", "GET", HTTP_BODY_UNTIL_CLOSE, false},
        {100, "Content-Length: 5\r\n", "PUT", HTTP_BODY_NONE, true},
        {103, "", "GET", HTTP_BODY_NONE, true},
        {101, "Content-Length: 5\r\n", "GET", HTTP_BODY_SWITCHED, true},
        {101, "", "HEAD", HTTP_BODY_SWITCHED, true},
        {200, "Content-Length: 5\r\n", "CONNECT", HTTP_BODY_SWITCHED, true},
        {299, "Transfer-Encoding: chunked\r\n", "CONNECT", HTTP_BODY_SWITCHED, true},
        {204, "", "CONNECT", HTTP_BODY_SWITCHED, true},
        {407, "Content-Length: 5\r\n", "CONNECT", HTTP_BODY_LENGTH, false},
        {100, "", "CONNECT", HTTP_BODY_NONE, true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct http_body b = response(rows[i].status, rows[i].fields, rows[i].method);
        cr_assert_eq(b.framing, rows[i].framing, "%zu", i);
        cr_assert_eq(b.done, rows[i].done, "%zu", i);
        if (b.done) {
            cr_assert_eq(http_body_feed(&b, "next", 4), 0);
            cr_assert_eq(http_body_opaque(&b), 0u);
            cr_assert_eq(http_body_close(&b), 0);
        }
    }
}

BEAM_TEST(body, of_a_length)
{
    struct http_body b = request("Content-Length: 10\r\n");
    cr_assert_eq(http_body_opaque(&b), 10u);
    cr_assert_eq(http_body_feed(&b, "", 0), 0);
    cr_assert_eq(http_body_feed(&b, "abc", 3), 3);
    cr_assert_eq(http_body_opaque(&b), 7u);
    http_body_pass(&b, 6);
    cr_assert_eq(http_body_close(&b), BEAM_ERESET, "one byte is missing");
    cr_assert_eq(http_body_feed(&b, "xNEXT", 5), 1);
    cr_assert(b.done);
    cr_assert_eq(http_body_feed(&b, "NEXT", 4), 0);
    cr_assert_eq(http_body_close(&b), 0);

    b = request("Content-Length: 9223372036854775807\r\n");
    http_body_pass(&b, INT64_MAX - 1);
    cr_assert_not(b.done);
    http_body_pass(&b, 1);
    cr_assert(b.done);
}

BEAM_TEST(body, until_close)
{
    struct http_body b = response(200, "", "GET");
    cr_assert_eq(http_body_feed(&b, "abc", 3), 3);
    cr_assert_eq(http_body_opaque(&b), UINT64_MAX);
    http_body_pass(&b, UINT64_MAX);
    http_body_pass(&b, 7);
    cr_assert_not(b.done);
    cr_assert_eq(http_body_close(&b), 0);
    cr_assert(b.done);
}

/* Feeds `body` and "NEXT" after it, cut at every place in turn, and passes over
 * the opaque part at every second round: it ends exactly there. */
static void ends_after(const char *body)
{
    char all[1024];
    size_t len = strlen(body);
    snprintf(all, sizeof(all), "%sNEXT", body);
    for (size_t cut = 0; cut <= len + 4; cut++) {
        for (int skip = 0; skip < 2; skip++) {
            struct http_body b = request(chunked);
            size_t at = 0;
            while (at < cut && !b.done) {
                uint64_t opaque = skip ? http_body_opaque(&b) : 0;
                size_t n = opaque && opaque < cut - at ? (size_t)opaque : 0;
                http_body_pass(&b, n);
                at += n;
                ssize_t fed = http_body_feed(&b, all + at, cut - at);
                cr_assert(fed >= 0 && (b.done || fed == (ssize_t)(cut - at)), "%s", body);
                at += (size_t)fed;
            }
            cr_assert_eq(b.done, cut >= len, "%s at %zu", body, cut);
            cr_assert_eq(http_body_close(&b), cut >= len ? 0 : BEAM_ERESET);
            ssize_t fed = http_body_feed(&b, all + at, len + 4 - at);
            cr_assert_eq(at + (size_t)fed, len, "%s at %zu", body, cut);
            cr_assert(b.done);
        }
    }
}

BEAM_TEST(body, chunks)
{
    ends_after("0\r\n\r\n");
    ends_after("5\r\nhello\r\n0\r\n\r\n");
    ends_after("1\r\na\r\n2\r\nbc\r\nA\r\n0123456789\r\n0a\r\n0123456789\r\n000\r\n\r\n");
    ends_after("5;name=value\r\nhello\r\n0;last\r\n\r\n");
    ends_after("5 ; a=\"b;c\"\r\nhello\r\n0\r\n\r\n");
    ends_after("2\r\n\r\n\r\n0\r\n\r\n");
    ends_after("0\r\nTrailer: value\r\nOther:\r\n\r\n");
    ends_after("3\r\n0\r\n\r\n0\r\n\r\n");
}

BEAM_TEST(body, chunks_refused)
{
    static const char *const rows[] = {
        "\r\n",
        " 5\r\n",
        "x\r\n",
        "-5\r\n",
        "+5\r\n",
        "0x5\r\n",
        "5\n",
        "5\rx",
        "5;a\n",
        "5;a\rb",
        "5\r\nhelloX",
        "5\r\nhello\n",
        "5\r\nhello\rX",
        "5\r\nhello5",
        ";a\r\n",
        "0\r\n\n",
        "0\r\n\rX",
        "0\r\nA: b\n",
        "0\r\nA: b\rX",
        "0\r\n folded\r\n",
        "0\r\nA: b\r\n\tfolded\r\n",
        "G\r\n",
        "5:\r\n",
        "5_\r\n",
        "8000000000000000\r\n",
        "10000000000000000\r\n",
        "fffffffffffffffff\r\n",
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct http_body b = request(chunked);
        cr_assert_eq(http_body_feed(&b, rows[i], strlen(rows[i])), BEAM_EPROTO, "%s", rows[i]);
        cr_assert_not(b.done);
        cr_assert_eq(http_body_feed(&b, "0\r\n\r\n", 5), BEAM_EPROTO, "and stays refused");
        cr_assert_eq(http_body_close(&b), BEAM_ERESET);
        b = request(chunked);
        ssize_t n = 0;
        for (size_t at = 0; n >= 0 && at < strlen(rows[i]); at++)
            n = http_body_feed(&b, rows[i] + at, 1);
        cr_assert_eq(n, BEAM_EPROTO, "%s, in pieces", rows[i]);
    }
    struct http_body b = request(chunked);
    cr_assert_eq(http_body_feed(&b, "5;\0", 3), BEAM_EPROTO);
    b = request(chunked);
    cr_assert_eq(http_body_feed(&b, "0\r\nA\0", 5), BEAM_EPROTO);
    b = request(chunked);
    cr_assert_eq(http_body_feed(&b, "0\r\nGET / HTTP/1.1\r\n", 19), BEAM_EPROTO);
    b = request(chunked);
    cr_assert_eq(http_body_feed(&b, "0\r\nA : b\r\n", 11), BEAM_EPROTO);
    b = request(chunked);
    cr_assert_eq(http_body_feed(&b, "7fffffffffffffff\r\n", 18), 18);
    cr_assert_eq(http_body_opaque(&b), (uint64_t)INT64_MAX);
}

BEAM_TEST(body, chunk_lines_and_trailers_up_to_the_limit)
{
    char *line = malloc(HTTP_TRAILERS_MAX + 16);
    cr_assert_not_null(line);
    for (size_t over = 0; over < 2; over++) {
        struct http_body b = request(chunked);
        memset(line, 'e', HTTP_TRAILERS_MAX + 16);
        memcpy(line, "1;", 2);
        memcpy(line + HTTP_CHUNK_LINE_MAX + over - 2, "\r\n", 2);
        ssize_t n = http_body_feed(&b, line, HTTP_CHUNK_LINE_MAX + over);
        cr_assert_eq(n, over ? BEAM_ELIMIT : HTTP_CHUNK_LINE_MAX);

        b = request(chunked);
        cr_assert_eq(http_body_feed(&b, "0\r\n", 3), 3);
        memset(line, 'T', HTTP_TRAILERS_MAX + 16);
        memcpy(line, "T:", 2);
        for (size_t at = 1000; at < HTTP_TRAILERS_MAX; at += 1000)
            memcpy(line + at, "\r\nT:", 4);
        memcpy(line + HTTP_TRAILERS_MAX + over - 4, "\r\n\r\n", 4);
        n = http_body_feed(&b, line, HTTP_TRAILERS_MAX + over);
        cr_assert_eq(n, over ? BEAM_ELIMIT : HTTP_TRAILERS_MAX);
        cr_assert_eq(b.done, over == 0);
    }
    /* The limit is each line's own: a thousand chunks are fine. */
    struct http_body b = request(chunked);
    for (int i = 0; i < 1000; i++)
        cr_assert_eq(http_body_feed(&b, "1;extension\r\nx\r\n", 16), 16);
    free(line);
}

/* Chunks made at random, fed in random pieces, some passed over unseen. */
BEAM_TEST(body, random_chunks_in_random_pieces)
{
    struct seed s = seed_start("body");
    static char wire[64 * 1024];
    for (int round = 0; round < 300; round++) {
        size_t len = 0, content = 0, seen = 0, at = 0;
        for (size_t chunks = seed_below(&s, 8); chunks > 0; chunks--) {
            size_t n = 1 + seed_below(&s, seed_below(&s, 2) ? 20 : 5000);
            len +=
                (size_t)snprintf(wire + len, sizeof(wire) - len, "%s%zx%s\r\n",
                                 seed_below(&s, 2) ? "00" : "", n, seed_below(&s, 2) ? "" : ";e=1");
            seed_fill(&s, wire + len, n);
            len += n;
            content += n;
            len += (size_t)snprintf(wire + len, sizeof(wire) - len, "\r\n");
        }
        len += (size_t)snprintf(wire + len, sizeof(wire) - len, "0\r\n%s\r\n",
                                seed_below(&s, 2) ? "" : "T: v\r\n");
        struct http_body b = request(chunked);
        while (at < len) {
            uint64_t opaque = http_body_opaque(&b);
            BEAM_CHECK(!b.done);
            if (opaque > 0 && seed_below(&s, 2)) {
                size_t n = 1 + seed_below(&s, (size_t)opaque);
                http_body_pass(&b, n);
                seen += n;
                at += n;
                continue;
            }
            size_t n = 1 + seed_below(&s, seed_below(&s, 2) ? 3 : 3000);
            if (opaque > 0 && n > opaque)
                n = (size_t)opaque;
            else if (opaque == 0)
                n = 1;
            BEAM_CHECK(http_body_feed(&b, wire + at, n) == (ssize_t)n);
            seen += opaque > 0 ? n : 0;
            at += n;
        }
        BEAM_CHECK(b.done && seen == content);
        /* All at once, with the next message behind. */
        b = request(chunked);
        memcpy(wire + len, "NEXT", 4);
        BEAM_CHECK(http_body_feed(&b, wire, len + 4) == (ssize_t)len && b.done);
    }
}
