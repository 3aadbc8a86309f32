/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests that two readers could cut in different places. Each is refused and
 * its connection closed, or goes on in bytes that have one reading. What is
 * tried is what public collections try: PortSwigger's HTTP Request Smuggler and
 * the papers on desync attacks, defparam's smuggler, regilero's http tests, the
 * HTTP Garden.
 */
#include <stdio.h>
#include <string.h>

#include "tests/unit/proxy/engine_scene.h"

#define HOST "Host: a\r\n"
#define EVIL "GET /evil-1 HTTP/1.1\r\nHost: a\r\n\r\n" /* 33 bytes: 0x21 */

enum { TEXT = 2048, ROUNDS = 8 };

/* The visitor says it all; backends answer whatever they are asked. */
static void run(struct engine_scene *s, const void *said, size_t len)
{
    scene_open(s, NULL);
    scene_say_bytes(s, &s->visitor, said, len);
    for (int i = 0, answered = 0; i < ROUNDS && answered < s->asked && !s->done; i++) {
        struct far_end *b = &s->backend[s->backends - 1];
        answered = s->asked;
        if (!b->err)
            scene_say(s, b, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    }
}

static bool refused(const struct engine_scene *s)
{
    const char *last = NULL;
    for (const char *at = s->visitor.text; (at = strstr(at, "HTTP/1.1 ")); at++)
        last = at;
    return last && (last[9] == '4' || last[9] == '5') && strstr(last, "Connection: close\r\n") &&
           s->visitor.err == BEAM_ECLOSED;
}

/* Refused before a target was asked for anything. */
static void refuses(const void *said, size_t len, const char *what)
{
    struct engine_scene s;
    run(&s, said, len);
    cr_expect(refused(&s), "%s\n-> %s", what, s.visitor.text);
    cr_expect_eq(s.asked, 0, "%s", what);
    scene_close(&s);
}

/* In the head of a POST. */
static const char *const fields[] = {
    "Content-Length: 33\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked\r\nContent-Length: 33\r\n",
    "Content-Length: 0\r\nContent-Length: 33\r\n",
    "Content-Length: 33\r\nContent-Length: 33\r\n",
    "Content-Length: 0, 33\r\n",
    "Content-Length: 33, 33\r\n",
    "Content-Length: +33\r\n",
    "Content-Length: -33\r\n",
    "Content-Length: 0x21\r\n",
    "Content-Length: 033\r\n",
    "Content-Length: 33.0\r\n",
    "Content-Length: 3 3\r\n",
    "Content-Length: 3_3\r\n",
    "Content-Length: 33;\r\n",
    "Content-Length: 33\x0b\r\n",
    "Content-Length: \x0b"
    "33\r\n",
    "Content-Length: \"33\"\r\n",
    "Content-Length:\r\n",
    "Content-Length: x\r\n",
    "Content-Length: 18446744073709551649\r\n",
    "Content-Length : 33\r\n",
    "Content-Length\t: 33\r\n",
    " Content-Length: 33\r\n",
    "Content-Length:\r\n 33\r\n",
    "X: y\r\n Content-Length: 33\r\n",
    "X: y\rContent-Length: 33\r\n",
    "X: y\nContent-Length: 33\r\n",
    "X: y\r\rContent-Length: 33\r\n",
    "Content_Length: 33\r\n",
    "Content Length: 33\r\n",
    "Content-Length\r\n: 33\r\n",
    "Transfer-Encoding : chunked\r\n",
    "Transfer-Encoding\t: chunked\r\n",
    " Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding:\r\n chunked\r\n",
    "Transfer-Encoding: chunked\r\n foo\r\n",
    "Transfer-Encoding\r\n : chunked\r\n",
    "X: y\nTransfer-Encoding: chunked\r\n",
    "X: y\rTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: xchunked\r\n",
    "Transfer-Encoding: chunkedx\r\n",
    "Transfer-Encoding: chunk\r\n",
    "Transfer-Encoding: \"chunked\"\r\n",
    "Transfer-Encoding: 'chunked'\r\n",
    "Transfer-Encoding: chunked;\r\n",
    "Transfer-Encoding: chunked;q=1\r\n",
    "Transfer-Encoding: \x0b"
    "chunked\r\n",
    "Transfer-Encoding: \x0c"
    "chunked\r\n",
    "Transfer-Encoding: chunked\x0b\r\n",
    "Transfer-Encoding: \x01"
    "chunked\r\n",
    "Transfer-Encoding: \xa0"
    "chunked\r\n",
    "Transfer-Encoding: \xff"
    "chunked\r\n",
    "Transfer-Encoding: chunked, identity\r\n",
    "Transfer-Encoding: identity, chunked\r\n",
    "Transfer-Encoding: chunked, chunked\r\n",
    "Transfer-Encoding: gzip, chunked\r\n",
    "Transfer-Encoding: ,chunked\r\n",
    "Transfer-Encoding: chunked,\r\n",
    "Transfer-Encoding: identity\r\n",
    "Transfer-Encoding:\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
    "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-encoding: cow\r\n",
    "Transfer_Encoding: chunked\r\n",
    "Transfer Encoding: chunked\r\n",
    "Transfer-Encoding\x01: chunked\r\n",
    "\x01Transfer-Encoding: chunked\r\n",
    ": chunked\r\n",
    "Transfer-Encoding chunked\r\n",
    "Connection: Content-Length\r\nContent-Length: 33\r\n",
    "Connection: close, Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n",
    "Expect: 100-continuE, x\r\nContent-Length: 33\r\n",
    "Expect: y 100-continue\r\nContent-Length: 33\r\n",
    "Host: b\r\nContent-Length: 33\r\n",
    "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AA\r\n",
};

BEAM_TEST(smuggling, lengths_and_codings_that_have_two_readings)
{
    char said[TEXT];
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        int n = snprintf(said, sizeof(said), "POST / HTTP/1.1\r\n" HOST "%s\r\n" EVIL, fields[i]);
        refuses(said, (size_t)n, fields[i]);
    }
}

BEAM_TEST(smuggling, nul_bytes)
{
    static const char *const heads[] = {
        "POST / HTTP/1.1\r\n" HOST "Content-Length: 3@3\r\n\r\n" EVIL,
        "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked@\r\n\r\n" EVIL,
        "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding@: chunked\r\n\r\n" EVIL,
        "POST / HTTP/1.1\r\n" HOST "X: @\r\n\r\n" EVIL,
        "POST /@ HTTP/1.1\r\n" HOST "\r\n" EVIL,
        "@POST / HTTP/1.1\r\n" HOST "\r\n" EVIL,
        "POST / HTTP/1.1\r\n" HOST "X: y\r\n@\r\n" EVIL,
    };
    char said[TEXT];
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        size_t len = strlen(heads[i]);
        memcpy(said, heads[i], len);
        *(char *)memchr(said, '@', len) = '\0';
        refuses(said, len, heads[i]);
    }
}

BEAM_TEST(smuggling, lines_that_have_two_readings)
{
    static const char *const heads[] = {
        "GET / HTTP/1.1\n" HOST "\n" EVIL,
        "GET / HTTP/1.1\r\nHost: a\n\r\n" EVIL,
        "GET / HTTP/1.1\r\nHost: a\n\n" EVIL,
        "GET / HTTP/1.1\r\nHost: a\r\r\n" EVIL,
        "GET / HTTP/1.1\r" HOST "\r\n" EVIL,
        "GET / HTTP/1.1\r\n" HOST "\r" EVIL,
        "\nGET / HTTP/1.1\r\n" HOST "\r\n" EVIL,
        "\rGET / HTTP/1.1\r\n" HOST "\r\n" EVIL,
        " GET / HTTP/1.1\r\n" HOST "\r\n" EVIL,
        "GET  / HTTP/1.1\r\n" HOST "\r\n" EVIL,
        "GET\t/ HTTP/1.1\r\n" HOST "\r\n" EVIL,
        "GET /\tHTTP/1.1\r\n" HOST "\r\n" EVIL,
        "GET / HTTP/1.1 \r\n" HOST "\r\n" EVIL,
        "GET / HTTP/1.1 HTTP/1.1\r\n" HOST "\r\n" EVIL,
        "GET / x HTTP/1.1\r\n" HOST "\r\n" EVIL,
        "GET /#x HTTP/1.1\r\n" HOST "\r\n" EVIL,
        "GET /\x7f HTTP/1.1\r\n" HOST "\r\n" EVIL,
        "GET x HTTP/1.1\r\n" HOST "\r\n" EVIL,
        "GET /\r\n" EVIL,
        "GET / HTTP/0.9\r\n" HOST "\r\n" EVIL,
        "GET / HTTP/1.10\r\n" HOST "\r\n" EVIL,
        "GET / HTTP/01.1\r\n" HOST "\r\n" EVIL,
        "GET / HTTP/2.0\r\n" HOST "\r\n" EVIL,
        "GET / http/1.1\r\n" HOST "\r\n" EVIL,
        "GET / HTTP/1.1\r\n" HOST "X y\r\n\r\n" EVIL,
        "GET / HTTP/1.1\r\n" HOST ": y\r\n\r\n" EVIL,
        "GET / HTTP/1.1\r\n" HOST "X\x7f: y\r\n\r\n" EVIL,
        "GET / HTTP/1.1\r\n" HOST "X: y\x08\r\n\r\n" EVIL,
        "GET / HTTP/1.1\r\n" HOST "GET /evil HTTP/1.1\r\n\r\n",
        "GET http://b/ HTTP/1.1\r\n" HOST "\r\n" EVIL,
        "GET http://a@b/ HTTP/1.1\r\nHost: b\r\n\r\n" EVIL,
        "GET http://a/ HTTP/1.1\r\n" HOST HOST "\r\n" EVIL,
        "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n" EVIL,
        "GET / HTTP/1.1\r\nHost: a/x\r\n\r\n" EVIL,
        "GET / HTTP/1.1\r\nHost: x@a\r\n\r\n" EVIL,
        "CONNECT a:80 HTTP/1.1\r\n" HOST "\r\n" EVIL,
        "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n" EVIL,
    };
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
        refuses(heads[i], strlen(heads[i]), heads[i]);
}

/* Of the body so much goes on as was well-formed; it never ends there, and nothing follows it. */
BEAM_TEST(smuggling, chunks_that_have_two_readings)
{
    static const char *const bodies[] = {
        "0x21\r\n" EVIL "\r\n0\r\n\r\n",
        "+21\r\n" EVIL "\r\n0\r\n\r\n",
        "-1\r\n" EVIL "\r\n0\r\n\r\n",
        " 21\r\n" EVIL "\r\n0\r\n\r\n",
        "\t21\r\n" EVIL "\r\n0\r\n\r\n",
        "2_1\r\n" EVIL "\r\n0\r\n\r\n",
        "21h\r\n" EVIL "\r\n0\r\n\r\n",
        "\"21\"\r\n" EVIL "\r\n0\r\n\r\n",
        "\r\n" EVIL,
        ";x\r\n" EVIL,
        "21\n" EVIL "\n0\n\n",
        "21\r" EVIL "\r0\r\r",
        "21\r\r\n" EVIL "\r\n0\r\n\r\n",
        "21;a\n" EVIL "\r\n0\r\n\r\n",
        "21;a\rb\r\n" EVIL "\r\n0\r\n\r\n",
        "10000000000000021\r\n" EVIL "\r\n0\r\n\r\n",
        "ffffffffffffffff\r\n" EVIL "\r\n0\r\n\r\n",
        "1\r\naX0\r\n\r\n" EVIL,
        "1\r\na0\r\n\r\n" EVIL,
        "1\r\na\n0\r\n\r\n" EVIL,
        "1\r\na\r0\r\n\r\n" EVIL,
        "0\r\n" EVIL "x",
        "0\n\r\n" EVIL,
        "0\r\n\n" EVIL,
        "0\r\n X: y\r\n\r\n" EVIL,
        "0\r\nX: y\n\r\n" EVIL,
        "0\r\nX: y\rz\r\n\r\n" EVIL,
        "0;\n\r\n" EVIL,
        "1\r\na\r\n0\r\nContent-Length: 33\r\n\r\n" EVIL,
        "1\r\na\r\n0\r\nX: y\r\ntransfer-encoding: chunked\r\n\r\n" EVIL,
        "1\r\na\r\n0\r\nHost: b\r\n\r\n" EVIL,
        "1\r\na\r\n0\r\nContent_Length: 33\r\n\r\n" EVIL,
        "1\r\na\r\n0\r\nX: a\x08\r\n\r\n" EVIL,
        "00\r\nGET /evil HTTP/1.1\n\r\n\r\n",
    };
    char said[TEXT];
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        struct engine_scene s;
        int n =
            snprintf(said, sizeof(said),
                     "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n%s", bodies[i]);
        run(&s, said, (size_t)n);
        cr_expect_null(strstr(s.backend[0].text, "\r\n0\r\n"), "%s\n-> %s", bodies[i],
                       s.backend[0].text);
        cr_expect_null(strstr(s.target, "evil"), "%s", bodies[i]);
        cr_expect(refused(&s), "%s\n-> %s", bodies[i], s.visitor.text);
        scene_close(&s);
    }
}

/* What may pass goes on in one reading, and what is in a body stays in a body. */
BEAM_TEST(smuggling, what_goes_on_has_one_reading)
{
    static const struct {
        const char *said, *told;
        int asked;
    } cases[] = {
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 33\r\n\r\n" EVIL,
         "POST / HTTP/1.1\r\n" HOST "Content-Length: 33\r\n\r\n" EVIL, 1},
        {"GET / HTTP/1.1\r\n" HOST "content-length:33\r\n\r\n" EVIL,
         "GET / HTTP/1.1\r\n" HOST "content-length: 33\r\n\r\n" EVIL, 1},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding:\tcHuNkEd \r\n\r\n"
         "00021 ; x=\"\t\" \r\n" EVIL "\r\n0000;x\r\nX-Evil: y\r\n\r\n",
         "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: cHuNkEd\r\n\r\n"
         "21\r\n" EVIL "\r\n0\r\nX-Evil: y\r\n\r\n",
         1},
        {"POST / HTTP/1.1\r\n" HOST "TE: trailers\r\nTransfer-Encoding: chunked\r\n\r\n"
         "1\r\na\r\n0\r\nAuthorization: Basic eDp5\r\nX: y\r\nConnection: X\r\nCookie: a=b\r\n\r\n"
         "GET /2 HTTP/1.1\r\n" HOST "\r\n",
         "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nTE: trailers\r\n"
         "Connection: TE\r\n\r\n1\r\na\r\n0\r\nX: y\r\n\r\nGET /2 HTTP/1.1\r\n" HOST "\r\n",
         2},
        {"POST / HTTP/1.1\r\n" HOST "Connection: x-a, X-Bar\r\nTransfer-Encoding: chunked\r\n\r\n"
         "0\r\nx-bar: y\r\nX: y\r\n\r\n",
         "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n\r\n", 1},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
         "GET /2 HTTP/1.1\r\n" HOST "\r\n",
         "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
         "GET /2 HTTP/1.1\r\n" HOST "\r\n",
         2},
        {"\r\n\r\nGET http://A/x HTTP/1.1\r\n" HOST "\r\n", "GET /x HTTP/1.1\r\n" HOST "\r\n", 1},
        {"GET / HTTP/1.1\r\n" HOST "Connection: x, close\r\nX: Content-Length: 33\r\n\r\n",
         "GET / HTTP/1.1\r\n" HOST "\r\n", 1},
        {"GET / HTTP/1.1\r\n" HOST "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
         "GET /2 HTTP/1.1\r\n" HOST "\r\n", /* the backend answers 200: nothing is switched */
         "GET / HTTP/1.1\r\n" HOST "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
         "GET /2 HTTP/1.1\r\n" HOST "\r\n",
         2},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct engine_scene s;
        run(&s, cases[i].said, strlen(cases[i].said));
        cr_expect_str_eq(s.backend[0].text, cases[i].told);
        cr_expect_eq(s.asked, cases[i].asked, "%s", cases[i].said);
        cr_expect_eq(s.backends, 1);
        scene_close(&s);
    }
}
