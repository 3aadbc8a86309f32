/* SPDX-License-Identifier: BSD-3-Clause */
#include "tunnel/tap.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/harness.h"
#include "tests/unit/seed.h"

/* ---- a conversation, played to a tap in pieces of any size ---------------------------------- */

struct line {
    char side; /* 'v' the visitor sends, 't' the target sends, 'h' the target ends its side */
    const char *data;
    size_t len;
};
#define V(text)                                                                                    \
    {                                                                                              \
        'v', text, sizeof(text) - 1                                                                \
    }
#define T(text)                                                                                    \
    {                                                                                              \
        't', text, sizeof(text) - 1                                                                \
    }
#define HALF                                                                                       \
    {                                                                                              \
        'h', NULL, 0                                                                               \
    }
#define END                                                                                        \
    {                                                                                              \
        0, NULL, 0                                                                                 \
    }

enum { LOG_SIZE = 64 * 1024 };

struct play {
    struct tap *tap;
    uint64_t now, total[2], skip[2];
    size_t (*piece)(struct seed *seed);
    struct seed seed;
    char log[LOG_SIZE];
    size_t log_len;
};

static size_t whole(struct seed *seed)
{
    (void)seed;
    return SIZE_MAX;
}

static size_t one(struct seed *seed)
{
    (void)seed;
    return 1;
}

static size_t some(struct seed *seed)
{
    return 1 + seed_below(seed, 1 + seed_below(seed, 40));
}

/* One line a record: METHOD target status in/out. */
static void on_record(void *arg, const struct tap_record *r)
{
    struct play *p = arg;
    size_t room = LOG_SIZE - p->log_len;
    int n = snprintf(p->log + p->log_len, room, "%s %s %d %llu/%llu\n", r->method, r->target,
                     r->status, (unsigned long long)r->in, (unsigned long long)r->out);
    cr_assert(n > 0 && (size_t)n < room);
    p->log_len += (size_t)n;
}

static void start(struct play *p, size_t (*piece)(struct seed *), uint64_t seed)
{
    memset(p, 0, sizeof(*p));
    p->piece = piece;
    p->seed.state = seed;
    cr_assert_eq(tap_new(on_record, p, 0, &p->tap), 0);
}

/* The bytes go by; the tap is shown those that it wants, in memory of just their size. */
static void pass(struct play *p, enum tap_side side, const char *data, size_t len)
{
    p->total[side] += len;
    while (len > 0) {
        if (p->skip[side] > 0) {
            size_t n = p->skip[side] < len ? (size_t)p->skip[side] : len;
            if (p->skip[side] != TAP_ALL)
                p->skip[side] -= n;
            data += n;
            len -= n;
            continue;
        }
        size_t n = p->piece(&p->seed);
        n = n < len ? n : len;
        char *copy = malloc(n);
        cr_assert_not_null(copy);
        memcpy(copy, data, n);
        p->skip[side] = tap_see(p->tap, side, copy, n, p->now);
        free(copy);
        data += n;
        len -= n;
    }
}

static void play_lines(struct play *p, const struct line *lines)
{
    for (; lines->side; lines++) {
        if (lines->side == 'h')
            tap_half(p->tap, p->total[TAP_TARGET], p->now);
        else
            pass(p, lines->side == 'v' ? TAP_VISITOR : TAP_TARGET, lines->data, lines->len);
    }
}

static void finish(struct play *p)
{
    tap_end(p->tap, p->total[TAP_VISITOR], p->total[TAP_TARGET], p->now);
    tap_free(p->tap);
}

static struct play *played(const struct line *lines, size_t (*piece)(struct seed *), uint64_t seed)
{
    struct play *p = malloc(sizeof(*p));
    cr_assert_not_null(p);
    start(p, piece, seed);
    play_lines(p, lines);
    finish(p);
    return p;
}

/* However the conversation is cut, the log is this. */
static void logs(const char *test, const struct line *lines, const char *expected)
{
    struct play *p = played(lines, whole, 0);
    cr_assert_str_eq(p->log, expected, "whole:\n%s", p->log);
    free(p);
    p = played(lines, one, 0);
    cr_assert_str_eq(p->log, expected, "byte by byte:\n%s", p->log);
    free(p);
    struct seed seed = seed_start(test);
    for (int i = 0; i < 50; i++) {
        uint64_t cut = seed_next(&seed);
        p = played(lines, some, cut);
        cr_assert_str_eq(p->log, expected, "cut by %llu:\n%s", (unsigned long long)cut, p->log);
        free(p);
    }
}

#define LOGS(expected, ...)                                                                        \
    do {                                                                                           \
        const struct line lines_[] = {__VA_ARGS__, END};                                           \
        logs(__func__, lines_, expected);                                                          \
    } while (0)

/* ---- what HTTP looks like ------------------------------------------------------------------- */

BEAM_TEST(tap, a_request_and_its_response)
{
    LOGS("GET /a?b=c 200 29/43\n", V("GET /a?b=c HTTP/1.1\r\nA: b\r\n\r\n"),
         T("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"));
}

BEAM_TEST(tap, requests_follow_each_other)
{
    LOGS("GET /1 200 19/39\nGET /2 404 19/44\nDELETE /3 204 22/27\n", V("GET /1 HTTP/1.1\r\n\r\n"),
         T("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na"), V("GET /2 HTTP/1.1\r\n\r\n"),
         T("HTTP/1.1 404 Nothing\r\nContent-Length: 1\r\n\r\nb"), V("DELETE /3 HTTP/1.1\r\n\r\n"),
         T("HTTP/1.1 204 No Content\r\n\r\n"));
}

BEAM_TEST(tap, pipelined_requests_are_matched_in_order)
{
    LOGS("GET /1 200 19/39\nHEAD /2 200 20/40\nGET /3 500 19/38\n",
         V("GET /1 HTTP/1.1\r\n\r\nHEAD /2 HTTP/1.1\r\n\r\nGET /3 HTTP/1.1\r\n\r\n"),
         T("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na"
           "HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n"
           "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"));
}

BEAM_TEST(tap, bodies_of_a_known_length_are_passed_over)
{
    LOGS("POST /up 200 52/41\nGET /next 200 22/38\n",
         V("POST /up HTTP/1.1\r\nContent-Length: 11\r\n\r\nGET / HTTP/"),
         T("HTTP/1.1 200 OK\r\nContent-Length:  2\r\n\r\nok"), V("GET /next HTTP/1.1\r\n\r\n"),
         T("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
}

BEAM_TEST(tap, chunked_bodies_are_passed_over)
{
    LOGS("POST / 200 85/93\nGET / 200 18/38\n",
         V("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
           "a\r\n0\r\n\r\nGET /\r\n1;x=\"y\"\r\nz\r\n0\r\nA: b\r\n\r\n"),
         T("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n"
           "0005\r\nhello\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n"),
         V("GET / HTTP/1.1\r\n\r\n"), T("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
}

BEAM_TEST(tap, responses_without_a_body_whatever_their_head_says)
{
    LOGS("HEAD / 200 19/39\nGET / 304 18/49\nGET / 204 18/55\nGET / 200 18/39\n",
         V("HEAD / HTTP/1.1\r\n\r\n"), T("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"),
         V("GET / HTTP/1.1\r\n\r\n"), T("HTTP/1.1 304 Not Modified\r\nContent-Length: 11\r\n\r\n"),
         V("GET / HTTP/1.1\r\n\r\n"),
         T("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n"),
         V("GET / HTTP/1.1\r\n\r\n"), T("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"));
}

BEAM_TEST(tap, interim_responses_are_not_the_answer)
{
    LOGS("PUT / 201 61/84\nGET / 200 18/86\n",
         V("PUT / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"),
         T("HTTP/1.1 100 Continue\r\n\r\n"), V("hi"),
         T("HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 201 Y\r\nContent-Length: 0\r\n\r\n"),
         V("GET / HTTP/1.1\r\n\r\n"),
         T("HTTP/1.1 103 Early Hints\r\nLink: </s>\r\n\r\n"
           "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nresponse"));
}

BEAM_TEST(tap, a_response_without_a_length_ends_with_the_connection)
{
    LOGS("GET / 200 18/31\n", V("GET / HTTP/1.0\r\n\r\n"), T("HTTP/1.0 200 OK\r\n\r\nall the rest"),
         HALF);
    LOGS("GET / 200 18/31\n", V("GET / HTTP/1.0\r\n\r\n"),
         T("HTTP/1.0 200 OK\r\n\r\nall the rest"));
}

BEAM_TEST(tap, empty_lines_between_requests_are_nobodys)
{
    LOGS("POST / 200 39/38\nGET / 200 18/38\n",
         V("POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\nx\r\n\r\n"),
         T("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), V("GET / HTTP/1.1\r\n\r\n"),
         T("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    LOGS("POST / 200 39/38\n", V("POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\nx\r\n"),
         T("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
}

BEAM_TEST(tap, an_answer_before_the_whole_question_waits_for_it)
{
    LOGS("POST / 413 44/40\nGET / 200 18/38\n", V("POST / HTTP/1.1\r\nContent-Length: 6\r\n\r\nab"),
         T("HTTP/1.1 413 Big\r\nContent-Length: 1\r\n\r\n!"), V("cdef"),
         V("GET / HTTP/1.1\r\n\r\n"), T("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
}

/* ---- other protocols ------------------------------------------------------------------------ */

BEAM_TEST(tap, a_change_of_protocol_is_told_at_once_and_the_rest_at_the_end)
{
    const struct line lines[] = {
        V("GET /chat HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
        T("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"), END};
    struct play *p = played(lines, whole, 0);
    cr_assert_str_eq(p->log, "GET /chat 101 63/56\n");
    free(p);
    LOGS("GET /chat 101 63/56\n  0 6/40\n",
         V("GET /chat HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
         T("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"
           "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\x81\x00"),
         V("\x81\x80\x00\x00\x00\x00"));
}

BEAM_TEST(tap, an_upgrade_that_the_server_ignores_is_a_request)
{
    LOGS("GET / 200 53/39\nGET / 200 18/38\n",
         V("GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"),
         T("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"), V("GET / HTTP/1.1\r\n\r\n"),
         T("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
}

BEAM_TEST(tap, connect_opens_a_tunnel_or_not)
{
    LOGS("CONNECT a.example:443 200 34/39\n  0 5/5\n", V("CONNECT a.example:443 HTTP/1.1\r\n\r\n"),
         T("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"), V("GET /"), T("hello"));
    LOGS("CONNECT a.example:443 403 34/40\n  0 18/38\n",
         V("CONNECT a.example:443 HTTP/1.1\r\n\r\n"),
         T("HTTP/1.1 403 No!\r\nContent-Length: 1\r\n\r\nx"), V("GET / HTTP/1.1\r\n\r\n"),
         T("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
}

BEAM_TEST(tap, a_server_that_speaks_first_is_not_http)
{
    LOGS("  0 21/21\n", T("SSH-2.0-OpenSSH_9.2\r\n"), V("SSH-2.0-OpenSSH_9.6\r\n"));
    LOGS("  0 18/38\n", T("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
         V("GET / HTTP/1.1\r\n\r\n"));
}

BEAM_TEST(tap, other_protocols_are_told_as_connections)
{
    LOGS("  0 11/3\n", V("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), T("\x16\x03\x03"));
    LOGS("  0 24/9\n", V("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), T("\0\0\0\x04\0\0\0\0\0"));
    LOGS("  0 8/4\n", V("GET / \r\n"), T("oops"));
    LOGS("  0 6/7\n", V("PING\r\n"), T("+PONG\r\n"));
    LOGS("  0 1/0\n", V("\n"));
}

BEAM_TEST(tap, a_connection_that_carried_nothing_is_not_told)
{
    LOGS("", HALF);
}

BEAM_TEST(tap, an_answer_that_was_not_asked_for_ends_the_reading)
{
    LOGS("GET / 200 18/38\n  0 18/62\n", V("GET / HTTP/1.1\r\n\r\n"),
         T("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
           "HTTP/1.1 408 Slow\r\n\r\n"),
         V("GET / HTTP/1.1\r\n\r\n"), T("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"));
}

/* ---- lies and limits ------------------------------------------------------------------------ */

BEAM_TEST(tap, framing_that_can_be_read_in_two_ways_is_not_read)
{
    LOGS("  0 69/0\n",
         V("POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc"));
    LOGS("  0 59/0\n", V("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"));
    LOGS("GET / 0 18/66\n  0 18/0\n", V("GET / HTTP/1.1\r\n\r\n"),
         T("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n"),
         V("GET / HTTP/1.1\r\n\r\n"));
}

BEAM_TEST(tap, chunks_that_make_no_sense_end_the_reading)
{
    LOGS("POST / 200 52/38\n", V("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"),
         T("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    LOGS("GET / 200 18/60\n", V("GET / HTTP/1.1\r\n\r\n"),
         T("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab!\r\n0\r\n\r\n"));
}

BEAM_TEST(tap, what_was_asked_before_the_nonsense_is_told)
{
    LOGS("GET / 200 18/38\n  0 8/0\n", V("GET / HTTP/1.1\r\n\r\n\x16garbage"),
         T("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
}

BEAM_TEST(tap, bytes_that_no_head_may_have_end_the_reading)
{
    LOGS("  0 27/0\n", V("GET / HTTP/1.1\r\nA: \0b\r\n\r\n\r\n"));
    LOGS("  0 26/0\n", V("GET / HTTP/1.1\r\nA: \rb\r\n\r\n\n"));
    LOGS("  0 18/0\n", V("GET / HTTP/1.1\n\n\r\n"));
    LOGS("GET / 0 18/42\n", V("GET / HTTP/1.1\r\n\r\n"),
         T("HTTP/1.1 200 O\0K\r\nContent-Length: 3\r\n\r\nabc"));
    LOGS("GET / 0 18/19\n", V("GET / HTTP/1.1\r\n\r\n"), T("HTTP/1.1 abc OK\r\n\r\n"));
}

/* Terminal escapes pass: whoever shows a target escapes it. */
BEAM_TEST(tap, targets_are_told_as_they_came)
{
    LOGS("GET /\x1b[31m\xff 200 24/38\n", V("GET /\x1b[31m\xff HTTP/1.1\r\n\r\n"),
         T("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
}

BEAM_TEST(tap, a_long_target_is_cut)
{
    struct play *p = malloc(sizeof(*p));
    char *request = malloc(40 * 1024);
    cr_assert(p && request);
    memset(request, 'a', 40 * 1024);
    memcpy(request, "GET /", 5);
    memcpy(request + 32 * 1024, " HTTP/1.1\r\n\r\n", 13);
    start(p, some, 1);
    pass(p, TAP_VISITOR, request, 32 * 1024 + 13);
    pass(p, TAP_TARGET, "HTTP/1.1 204 N\r\n\r\n", 18);
    finish(p);
    const char *end = strrchr(p->log, 'a');
    cr_assert_eq(end + 1 - p->log, 4 + TAP_TARGET_MAX);
    cr_assert_str_eq(end + 1, " 204 32781/18\n");
    free(request);
    free(p);
}

/* A head of `size` bytes in all, as a request. */
static struct play *ask_with_head(size_t size, size_t (*piece)(struct seed *))
{
    static const char first[] = "GET / HTTP/1.1\r\nA: ";
    struct play *p = malloc(sizeof(*p));
    char *head = malloc(size);
    cr_assert(p && head);
    memset(head, 'x', size);
    memcpy(head, first, sizeof(first) - 1);
    memcpy(head + size - 4, "\r\n\r\n", 4);
    start(p, piece, 3);
    pass(p, TAP_VISITOR, head, size);
    pass(p, TAP_TARGET, "HTTP/1.1 204 N\r\n\r\n", 18);
    finish(p);
    free(head);
    return p;
}

BEAM_TEST(tap, a_head_of_64_kib_is_read_and_a_longer_one_is_not)
{
    size_t (*const pieces[])(struct seed *) = {whole, one, some};
    for (size_t i = 0; i < 3; i++) {
        struct play *p = ask_with_head(64 * 1024, pieces[i]);
        cr_assert_str_eq(p->log, "GET / 204 65536/18\n", "%zu: %s", i, p->log);
        free(p);
        p = ask_with_head(64 * 1024 + 1, pieces[i]);
        cr_assert_str_eq(p->log, "  0 65537/18\n", "%zu: %s", i, p->log);
        free(p);
    }
}

BEAM_TEST(tap, at_most_64_requests_are_remembered)
{
    struct play *p = malloc(sizeof(*p));
    cr_assert_not_null(p);
    start(p, whole, 0);
    for (int i = 0; i < TAP_PENDING_MAX; i++)
        pass(p, TAP_VISITOR, "GET / HTTP/1.1\r\n\r\n", 18);
    cr_assert_not(tap_opaque(p->tap));
    pass(p, TAP_TARGET, "HTTP/1.1 204 N\r\n\r\n", 18);
    pass(p, TAP_VISITOR, "GET / HTTP/1.1\r\n\r\n", 18);
    cr_assert_not(tap_opaque(p->tap));
    cr_assert_str_eq(p->log, "GET / 204 18/18\n");
    pass(p, TAP_VISITOR, "GET / HTTP/1.1\r\n\r\n", 18);
    cr_assert(tap_opaque(p->tap));
    finish(p);
    const char *last = strstr(p->log, "  0 18/0\n");
    cr_assert_not_null(last, "%s", p->log);
    cr_assert_eq(last - p->log, 16 + TAP_PENDING_MAX * 13);
    free(p);
}

BEAM_TEST(tap, what_is_cut_short_is_told_as_far_as_it_went)
{
    LOGS("GET / 200 18/41\n", V("GET / HTTP/1.1\r\n\r\n"),
         T("HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\nh"));
    LOGS("GET / 0 18/9\n", V("GET / HTTP/1.1\r\n\r\n"), T("HTTP/1.1 "));
    LOGS("POST / 0 40/0\n", V("POST / HTTP/1.1\r\nContent-Length: 999\r\n\r\n"));
    LOGS("GET / 0 18/0\n  0 5/0\n", V("GET / HTTP/1.1\r\n\r\nGET /"));
    LOGS("GET /1 200 19/26\nGET /2 0 19/0\n", V("GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n"),
         T("HTTP/1.0 200 OK\r\n\r\nall"
           "rest"),
         HALF);
}

/* Bytes that were shown but never passed on, because the other end was gone. */
BEAM_TEST(tap, no_more_is_told_than_went_by)
{
    struct play *p = malloc(sizeof(*p));
    cr_assert_not_null(p);
    start(p, whole, 0);
    pass(p, TAP_VISITOR, "POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\n0123456789", 50);
    pass(p, TAP_TARGET, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789", 50);
    p->total[TAP_VISITOR] = 45;
    p->total[TAP_TARGET] = 42;
    finish(p);
    cr_assert_str_eq(p->log, "POST / 200 45/42\n");
    free(p);
    p = malloc(sizeof(*p));
    cr_assert_not_null(p);
    start(p, whole, 0);
    pass(p, TAP_VISITOR, "GET / HTTP/1.1\r\n\r\n", 18);
    pass(p, TAP_TARGET, "HTTP/1.1 204 N\r\n\r\n", 18);
    p->total[TAP_VISITOR] = p->total[TAP_TARGET] = 3;
    finish(p);
    cr_assert_str_eq(p->log, "GET / 204 18/18\n");
    free(p);
}

/* ---- what need not be shown, and time ------------------------------------------------------- */

static uint64_t see(struct play *p, enum tap_side side, const char *text)
{
    p->total[side] += strlen(text);
    return tap_see(p->tap, side, text, strlen(text), p->now);
}

BEAM_TEST(tap, content_is_passed_over_but_for_its_last_byte)
{
    struct play *p = malloc(sizeof(*p));
    cr_assert_not_null(p);
    start(p, whole, 0);
    cr_assert_eq(see(p, TAP_VISITOR, "PUT / HTTP/1.1\r\nContent-Length: 5000000000\r\n\r\nxx"),
                 4999999997);
    p->total[TAP_VISITOR] += 4999999997;
    cr_assert_eq(see(p, TAP_VISITOR, "x"), 0);
    cr_assert_eq(see(p, TAP_TARGET, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), 0);
    cr_assert_eq(see(p, TAP_TARGET, "fff\r\nabc"), 4091);
    p->total[TAP_TARGET] += 4091;
    cr_assert_eq(see(p, TAP_TARGET, "d\r\n1\r\n"), 0);
    cr_assert_str_eq(p->log, "");
    cr_assert_eq(see(p, TAP_TARGET, "a\r\n0\r\n\r\n"), 0);
    cr_assert_str_eq(p->log, "PUT / 200 5000000046/4160\n");
    finish(p);
    cr_assert_str_eq(p->log, "PUT / 200 5000000046/4160\n");
    free(p);
}

BEAM_TEST(tap, what_is_not_http_need_never_be_shown)
{
    struct play *p = malloc(sizeof(*p));
    cr_assert_not_null(p);
    start(p, whole, 0);
    cr_assert_eq(see(p, TAP_VISITOR, "\x16\x03\x01"), TAP_ALL);
    cr_assert_eq(see(p, TAP_TARGET, "\x16"), TAP_ALL);
    cr_assert(tap_opaque(p->tap));
    cr_assert_null(tap_asked(p->tap));
    finish(p);
    start(p, whole, 0);
    cr_assert_eq(see(p, TAP_VISITOR, "GET / HTTP/1.0\r\n\r\n"), 0);
    cr_assert_eq(see(p, TAP_TARGET, "HTTP/1.0 200 OK\r\n\r\n"), TAP_ALL);
    cr_assert_eq(see(p, TAP_VISITOR, "GET / HTTP/1.0\r\n"), 0);
    finish(p);
    free(p);
}

BEAM_TEST(tap, the_first_question_without_an_answer_is_known)
{
    struct play *p = malloc(sizeof(*p));
    cr_assert_not_null(p);
    start(p, whole, 0);
    cr_assert_null(tap_asked(p->tap));
    (void)see(p, TAP_VISITOR, "HEAD / HTTP/1.1\r\n");
    cr_assert_null(tap_asked(p->tap));
    (void)see(p, TAP_VISITOR, "\r\nGET / HTTP/1.1\r\n\r\n");
    cr_assert_str_eq(tap_asked(p->tap), "HEAD");
    (void)see(p, TAP_TARGET, "HTTP/1.1 200 OK\r\n\r\n");
    cr_assert_str_eq(tap_asked(p->tap), "GET");
    finish(p);
    free(p);
}

struct times {
    uint64_t ms[8];
    int count;
};

static void on_time(void *arg, const struct tap_record *r)
{
    struct times *t = arg;
    cr_assert_lt(t->count, 8);
    t->ms[t->count++] = r->ms;
}

static void see_at(struct tap *t, enum tap_side side, const char *text, uint64_t now)
{
    (void)tap_see(t, side, text, strlen(text), now);
}

BEAM_TEST(tap, time_runs_from_the_first_byte_to_the_last)
{
    struct times times = {0};
    struct tap *t = NULL;
    cr_assert_eq(tap_new(on_time, &times, 1000, &t), 0);
    see_at(t, TAP_VISITOR, "G", 5000);
    see_at(t, TAP_VISITOR, "ET / HTTP/1.1\r\n\r\n", 5100);
    see_at(t, TAP_VISITOR, "GET / HTTP/1.1\r\n\r\n", 5200);
    see_at(t, TAP_TARGET, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", 6000);
    cr_assert_eq(times.count, 0); /* the next byte goes by unseen */
    see_at(t, TAP_TARGET, "b", 8000);
    cr_assert_eq(times.count, 1);
    cr_assert_eq(times.ms[0], 3000);
    see_at(t, TAP_TARGET, "HTTP/1.1 101 S\r\n\r\n", 9000);
    cr_assert_eq(times.count, 2);
    cr_assert_eq(times.ms[1], 3800);
    tap_end(t, 100, 100, 60000);
    cr_assert_eq(times.count, 3);
    cr_assert_eq(times.ms[2], 51000);
    tap_free(t);

    times.count = 0;
    cr_assert_eq(tap_new(on_time, &times, 1000, &t), 0);
    see_at(t, TAP_VISITOR, "PI", 1500);
    see_at(t, TAP_VISITOR, "NG\r\n", 1600);
    tap_end(t, 6, 0, 2500);
    cr_assert_eq(times.count, 1);
    cr_assert_eq(times.ms[0], 1000);
    tap_free(t);
}

/* Freed in the middle of everything: the leak check looks at the rest. */
BEAM_TEST(tap, it_can_be_freed_at_any_time)
{
    static const char both[] =
        "GET / HTTP/1.1\r\n\r\nPOST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab";
    tap_free(NULL);
    for (size_t len = 0; len < sizeof(both); len++) {
        struct play *p = malloc(sizeof(*p));
        cr_assert_not_null(p);
        start(p, some, len);
        pass(p, TAP_VISITOR, both, len);
        pass(p, TAP_TARGET, "HTTP/1.1 200", len % 12);
        tap_free(p->tap);
        cr_assert_str_eq(p->log, "");
        free(p);
    }
}
