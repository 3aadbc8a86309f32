/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What of a visitor's bytes reaches a target, in pieces of several sizes. All that is passed on is
 * read once more by a reader that was written for this alone and shares no code with beam's: it
 * must find exactly as many requests as were let through, framed as strict senders do, without
 * credentials, and nothing in between or behind.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "proxy/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { REQUESTS = 64, ALL = 4 * 1024 * 1024, IN_MAX = 16 * 1024 };

static char out_bytes[ALL];

#define MUST(x)                                                                                    \
    do {                                                                                           \
        if (!(x))                                                                                  \
            abort();                                                                               \
    } while (0)

/* ---- the independent reader: only what strict senders write --------------------------------- */

/* The line at *at, without CRLF, NUL-ended; abort when there is none or it holds a CR. */
static char *line_at(char **at, char *end)
{
    char *lf = memchr(*at, '\n', (size_t)(end - *at)), *line = *at;
    MUST(lf && lf > line && lf[-1] == '\r');
    lf[-1] = '\0';
    MUST(strlen(line) == (size_t)(lf - 1 - line) && !strchr(line, '\r'));
    *at = lf + 1;
    return line;
}

static void chunks(char **at, char *end)
{
    for (;;) {
        char *line = line_at(at, end), *stop;
        MUST(line[0] && strspn(line, "0123456789abcdef") == strlen(line));
        size_t n = strtoul(line, &stop, 16);
        MUST(n == 0 || n <= (size_t)(end - *at));
        *at += n;
        line = line_at(at, end);
        MUST(line[0] == '\0');
        if (n == 0)
            return;
    }
}

/* One request. */
static void reread(char **at, char *end)
{
    long length = -1;
    bool coded = false;
    char *line = line_at(at, end);
    MUST(strlen(line) > 9 && strncmp(line + strlen(line) - 9, " HTTP/1.", 8) == 0);
    while (*(line = line_at(at, end))) {
        MUST(line[0] != ' ' && line[0] != '\t' && strchr(line, ':'));
        MUST(strncasecmp(line, "authorization", 13) != 0 || line[13] != ':');
        if (strncasecmp(line, "content-length:", 15) == 0) {
            MUST(length < 0 && strspn(line + 16, "0123456789") == strlen(line + 16));
            length = strtol(line + 16, NULL, 10);
        }
        if (strncasecmp(line, "transfer-encoding:", 18) == 0) {
            MUST(!coded && strcasecmp(line + 19, "chunked") == 0);
            coded = true;
        }
    }
    MUST(length < 0 || !coded);
    if (coded)
        chunks(at, end);
    MUST(length <= end - *at);
    *at += length > 0 ? length : 0;
}

/* ---- beam's side ---------------------------------------------------------------------------- */

/* Moves a body in pieces, through an `out` with little room. False: refused, or not whole. */
static bool pass_body(struct http_body *body, struct buf_pool *pool, const uint8_t **at,
                      const uint8_t *end, size_t piece, size_t *len)
{
    struct buf in, out;
    int err = 0;
    buf_init(&in, pool, IN_MAX);
    buf_init(&out, pool, 128);
    while (err == 0 && !body->done && (*at < end || buf_len(&in) > 0)) {
        size_t n = (size_t)(end - *at) < piece ? (size_t)(end - *at) : piece;
        if (buf_len(&in) == 0 && n > 0) {
            MUST(buf_add(&in, *at, n) == 0);
            *at += n;
        }
        size_t before = buf_len(&in);
        err = request_move_body(body, &in, &out);
        size_t moved = buf_len(&out);
        MUST(err < 0 || body->done || moved > 0 || buf_len(&in) < before);
        MUST(*len + moved < ALL);
        *len += buf_peek(&out, 0, out_bytes + *len, moved);
        buf_clear(&out);
    }
    *at -= buf_len(&in); /* what is left over is the next request's */
    buf_clear(&in);
    return err == 0 && body->done;
}

static void pass_all(const uint8_t *at, const uint8_t *end, size_t piece, struct buf_pool *pool)
{
    size_t len = 0, count = 0;
    while (count < REQUESTS) {
        struct http_head h;
        struct http_body body;
        struct buf out;
        int n = http_head_parse(at, (size_t)(end - at), HTTP_REQUEST, &h);
        if (n < 0 || request_judge(&h) != 0)
            break;
        size_t before = len;
        buf_init(&out, pool, (size_t)HTTP_HEAD_MAX * 2);
        MUST(request_write_head(&h, &out) == 0 && len + buf_len(&out) < ALL);
        len += buf_peek(&out, 0, out_bytes + len, buf_len(&out));
        buf_clear(&out);
        http_body_init_request(&body, &h);
        at += n;
        if (!pass_body(&body, pool, &at, end, piece, &len)) {
            len = before; /* its connection ends: half a request is no request */
            break;
        }
        count++;
    }
    char *seen = out_bytes;
    for (size_t i = 0; i < count; i++)
        reread(&seen, out_bytes + len);
    MUST(seen == out_bytes + len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf_pool *pool = NULL;
    if (size == 0)
        return 0;
    MUST(buf_pool_new(4, &pool) == 0);
    pass_all(data, data + size, 1, pool);
    pass_all(data, data + size, 1000, pool);
    pass_all(data, data + size, IN_MAX, pool);
    MUST(buf_pool_used(pool) == 0);
    buf_pool_free(pool);
    return 0;
}
