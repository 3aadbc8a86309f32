/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What of a visitor's bytes reaches a target, in pieces of several sizes and by several rules. All
 * that is passed on is read once more by a reader that was written for this alone and shares no
 * code with beam's: it must find exactly as many requests as were let through, framed as strict
 * senders do, without credentials or forged fields, and nothing in between or behind.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "proxy/exchange.h"
#include "tests/fuzz/must.h"
#include "tests/fuzz/strict.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { REQUESTS = 64, ALL = 4 * 1024 * 1024, IN_MAX = 16 * 1024 };

static char out_bytes[ALL];

/* ---- the independent reader: only what strict senders write --------------------------------- */

/* One request. */
static void reread(char **at, char *end)
{
    long length = -1;
    bool coded = false;
    int hosts = 0;
    char *line = strict_line(at, end);
    MUST(strlen(line) > 9 && strncmp(line + strlen(line) - 9, " HTTP/1.", 8) == 0);
    while (*(line = strict_line(at, end))) {
        MUST(line[0] != ' ' && line[0] != '\t' && strchr(line, ':'));
        MUST(strncasecmp(line, "authorization", 13) != 0 || line[13] != ':');
        MUST(strncasecmp(line, "x-forwarded-for:", 16) != 0);
        MUST(strncasecmp(line, "connection:", 11) != 0 || strcmp(line + 12, "Upgrade") == 0 ||
             strcmp(line + 12, "TE") == 0);
        MUST(strncasecmp(line, "te:", 3) != 0 || strcmp(line + 4, "trailers") == 0);
        hosts += strncasecmp(line, "host:", 5) == 0;
        if (strncasecmp(line, "content-length:", 15) == 0) {
            MUST(length < 0 && strspn(line + 16, "0123456789") == strlen(line + 16));
            length = strtol(line + 16, NULL, 10);
        }
        if (strncasecmp(line, "transfer-encoding:", 18) == 0) {
            MUST(!coded && strcasecmp(line + 19, "chunked") == 0);
            coded = true;
        }
    }
    MUST((length < 0 || !coded) && hosts == 1);
    if (coded)
        strict_chunks(at, end);
    MUST(length <= end - *at);
    *at += length > 0 ? length : 0;
}

/* ---- beam's side ---------------------------------------------------------------------------- */

static const struct rewrite rules[] = {
    {.drop_credentials = true},
    {.drop_credentials = true, .prefix = "/t/x", .scheme = "https"},
    {.drop_credentials = true, .host = "localhost:3000", .scheme = "http"},
};

/* What is written goes to the target. */
static void deliver(struct buf *out, size_t *len)
{
    MUST(*len + buf_len(out) < ALL);
    *len += buf_peek(out, 0, out_bytes + *len, buf_len(out));
    buf_clear(out);
}

/* One piece more of the visitor's bytes; false: there are none. */
static bool more(struct buf *in, const uint8_t **at, const uint8_t *end, size_t piece)
{
    size_t n = (size_t)(end - *at) < piece ? (size_t)(end - *at) : piece;
    if (n == 0)
        return false;
    MUST(buf_add(in, *at, n) == 0);
    *at += n;
    return true;
}

/* The next request, whole: through an `out` with little room. False: refused, or not whole. */
static bool pass_one(struct exchange *x, const struct rewrite *r, struct buf *in,
                     const uint8_t **at, const uint8_t *end, size_t piece, size_t *len)
{
    struct buf head, out;
    int err;
    while ((err = exchange_hear(x, in, 0)) == BEAM_EAGAIN)
        if (!more(in, at, end, piece))
            return false;
    if (err != 0)
        return false;
    buf_init(&head, in->pool, (size_t)HTTP_HEAD_MAX * 4);
    MUST(exchange_ask(x, r, &head) == 0);
    deliver(&head, len);
    buf_init(&out, in->pool, TRAILERS_ROOM + 64);
    while ((err = exchange_up(x, 0, in, &out)) == 0 && !x->up.done) {
        bool moved = buf_len(&out) > 0;
        deliver(&out, len);
        if (!moved && !more(in, at, end, piece))
            return false;
    }
    deliver(&out, len);
    return err == 0;
}

static void pass_all(const uint8_t *at, const uint8_t *end, size_t piece, struct buf_pool *pool)
{
    const struct rewrite *r = &rules[(size_t)(end - at) % (sizeof(rules) / sizeof(rules[0]))];
    size_t len = 0, whole = 0, count = 0;
    struct exchange x;
    struct buf in;
    buf_init(&in, pool, 2 * IN_MAX);
    exchange_init(&x, pool);
    while (count < REQUESTS && pass_one(&x, r, &in, &at, end, piece, &len)) {
        whole = len; /* half a request is no request: its connection ends */
        count++;
        exchange_clear(&x);
    }
    exchange_clear(&x);
    buf_clear(&in);
    char *seen = out_bytes;
    for (size_t i = 0; i < count; i++)
        reread(&seen, out_bytes + whole);
    MUST(seen == out_bytes + whole);
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
