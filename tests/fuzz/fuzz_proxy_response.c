/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What of a backend's bytes reaches a visitor, in pieces of several sizes, for several requests and
 * by several rules. It is read once more by a reader that was written for this alone and shares no
 * code with beam's: where the response was let through whole, it must end where the bytes end, and
 * all its lines must be those of one head.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "proxy/draft.h"
#include "proxy/exchange.h"
#include "tests/fuzz/must.h"
#include "tests/fuzz/strict.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ALL = 8 * 1024 * 1024, IN_MAX = 16 * 1024 };

static char out_bytes[ALL];

static const struct {
    const char *text;
    bool head, old;
} requests[] = {
    {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", false, false},
    {"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", true, false},
    {"GET / HTTP/1.0\r\n\r\n", false, true},
    {"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", false, false},
};

static const struct rewrite rules[] = {
    {.scheme = NULL},
    {.prefix = "/t/x", .scheme = "https", .host_only_cookies = true},
    {.prefix = "/t/x", .host = "b", .scheme = "http"},
};

/* ---- the independent reader ------------------------------------------------------------------ */

/* A head. Returns its status; what it says of its body in the others. */
static int head(char **at, char *end, long *length, bool *coded, bool *close)
{
    char *line = strict_line(at, end);
    MUST(strncmp(line, "HTTP/1.1 ", 9) == 0 && strlen(line) >= 13 && line[12] == ' ');
    int status = (int)strtol(line + 9, NULL, 10);
    bool trailer = false;
    *length = -1;
    *coded = *close = false;
    while (*(line = strict_line(at, end))) {
        MUST(line[0] != ' ' && line[0] != '\t' && strchr(line, ':'));
        MUST(strncasecmp(line, "keep-alive:", 11) != 0 && strncasecmp(line, "te:", 3) != 0);
        trailer |= strncasecmp(line, "trailer:", 8) == 0;
        if (strncasecmp(line, "content-length:", 15) == 0) {
            MUST(*length < 0 && strspn(line + 16, "0123456789") == strlen(line + 16));
            *length = strtol(line + 16, NULL, 10);
        }
        if (strncasecmp(line, "transfer-encoding:", 18) == 0) {
            MUST(!*coded && strcasecmp(line + 19, "chunked") == 0);
            *coded = true;
        }
        if (strncasecmp(line, "connection:", 11) == 0)
            *close |= strcmp(line + 12, "close") == 0;
    }
    MUST(!trailer || *coded);
    return status;
}

static void reread(char *at, char *end, bool to_head, bool to_old)
{
    long length;
    bool coded, close;
    int status;
    while ((status = head(&at, end, &length, &coded, &close)) < 200 && status != 101)
        MUST(!to_old && length < 0 && !coded);
    MUST((length < 0 || !coded) && !(coded && to_old));
    if (status == 101)
        return;
    if (to_head || status == 204 || status == 304)
        MUST(!coded && at == end);
    else if (coded)
        strict_chunks(&at, end);
    else if (length >= 0)
        at += length;
    else
        MUST(close && to_old);
    MUST(at <= end && (at == end || (!coded && length < 0)));
}

/* ---- beam's side ----------------------------------------------------------------------------- */

static void deliver(struct buf *out, size_t *len)
{
    MUST(*len + buf_len(out) < ALL);
    *len += buf_peek(out, 0, out_bytes + *len, buf_len(out));
    buf_clear(out);
}

/* All of the backend's bytes, and its end. Whether the response was let through whole. */
static bool pass(struct exchange *x, const struct rewrite *r, const uint8_t *at, const uint8_t *end,
                 size_t piece, size_t *len)
{
    struct buf in, out;
    int err = 0;
    buf_init(&in, x->asked.held.pool, 2 * IN_MAX);
    buf_init(&out, x->asked.held.pool, DRAFT_MAX + 64);
    while (err == 0 && !exchange_answered(x) && (at < end || buf_len(&in) > 0)) {
        size_t n = (size_t)(end - at) < piece ? (size_t)(end - at) : piece;
        size_t before = buf_len(&in);
        if (before > 0)
            n = 0;
        MUST(buf_add(&in, at, n) == 0);
        at += n;
        err = exchange_down(x, r, &in, &out);
        MUST(err < 0 || exchange_answered(x) || buf_len(&out) > 0 || buf_len(&in) == 0);
        deliver(&out, len);
    }
    if (err == 0 && !exchange_answered(x))
        err = exchange_down_ended(x, &out);
    deliver(&out, len);
    buf_clear(&in);
    return err == 0 && exchange_answered(x);
}

static void run(const uint8_t *data, size_t size, size_t which, size_t piece, struct buf_pool *pool)
{
    const struct rewrite *r = &rules[size % (sizeof(rules) / sizeof(rules[0]))];
    struct exchange x;
    struct buf asked;
    size_t len = 0;
    exchange_init(&x, pool);
    buf_init(&asked, pool, 1024);
    MUST(buf_add(&asked, requests[which].text, strlen(requests[which].text)) == 0);
    MUST(exchange_hear(&x, &asked, 0) == 0);
    if (pass(&x, r, data, data + size, piece, &len)) {
        MUST(x.out == len);
        reread(out_bytes, out_bytes + len, requests[which].head, requests[which].old);
    }
    exchange_clear(&x);
    buf_clear(&asked);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf_pool *pool = NULL;
    if (size == 0)
        return 0;
    MUST(buf_pool_new(4, &pool) == 0);
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        run(data, size, i, 1, pool);
        run(data, size, i, IN_MAX, pool);
    }
    MUST(buf_pool_used(pool) == 0);
    buf_pool_free(pool);
    return 0;
}
