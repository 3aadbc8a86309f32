/* SPDX-License-Identifier: BSD-3-Clause */
#include "http/body.h"

#include <assert.h>
#include <string.h>

#include "base/err.h"

/* Where in a chunked body the next byte falls (RFC 9112, 7.1). */
enum {
    SIZE_FIRST, /* a chunk's size: its first digit */
    SIZE,
    EXTENSION,
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER_FIRST,
    TRAILER_NAME,
    TRAILER,
    TRAILER_LF,
    END_LF,
    BROKEN
};

static void begin(struct http_body *b, enum http_framing framing, uint64_t left)
{
    *b = (struct http_body){.framing = framing, .left = left, .state = SIZE_FIRST};
    b->done = framing == HTTP_BODY_NONE || framing == HTTP_BODY_SWITCHED ||
              (framing == HTTP_BODY_LENGTH && left == 0);
}

void http_body_init_request(struct http_body *b, const struct http_head *head)
{
    if (head->chunked)
        begin(b, HTTP_BODY_CHUNKED, 0);
    else if (head->has_length)
        begin(b, HTTP_BODY_LENGTH, head->content_length);
    else
        begin(b, HTTP_BODY_NONE, 0);
}

/* Methods are told apart by case. */
static bool method_is(struct http_text method, const char *name)
{
    return method.len == strlen(name) && memcmp(method.at, name, method.len) == 0;
}

/* RFC 9112, 6.3. */
void http_body_init_response(struct http_body *b, const struct http_head *head,
                             struct http_text method)
{
    int status = head->status;
    bool ok = status >= 200 && status < 300;
    if (status == 101 || (ok && method_is(method, "CONNECT")))
        begin(b, HTTP_BODY_SWITCHED, 0);
    else if (method_is(method, "HEAD") || status < 200 || status == 204 || status == 304)
        begin(b, HTTP_BODY_NONE, 0);
    else if (head->chunked)
        begin(b, HTTP_BODY_CHUNKED, 0);
    else if (head->has_length)
        begin(b, HTTP_BODY_LENGTH, head->content_length);
    else
        begin(b, HTTP_BODY_UNTIL_CLOSE, 0);
}

static int hex(unsigned char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int size_digit(struct http_body *b, unsigned char c)
{
    int digit = hex(c);
    if (digit < 0 || b->left > INT64_MAX >> 4)
        return BEAM_EPROTO;
    b->left = b->left << 4 | (unsigned)digit;
    b->state = SIZE;
    return 0;
}

/* A byte of a line whose text matters to nobody but for where it ends. */
static int text_byte(struct http_body *b, unsigned char c, int state, int at_cr)
{
    if (c == '\n' || c == '\0')
        return BEAM_EPROTO;
    b->state = c == '\r' ? at_cr : state;
    return 0;
}

/* A byte of a trailer's name: no blank in front, no folded line. */
static int name_byte(struct http_body *b, unsigned char c)
{
    b->state = TRAILER_NAME;
    return http_is_tchar(c) ? 0 : BEAM_EPROTO;
}

static int want(struct http_body *b, unsigned char c, unsigned char wanted, int next)
{
    b->state = next;
    return c == wanted ? 0 : BEAM_EPROTO;
}

/* A line's end: what comes next has a limit of its own, trailers but one in all. */
static int after_size(struct http_body *b, unsigned char c)
{
    b->counted = 0;
    return want(b, c, '\n', b->left > 0 ? DATA : TRAILER_FIRST);
}

/* One byte of a chunked body's framing. */
static int step(struct http_body *b, unsigned char c)
{
    switch (b->state) {
    case SIZE_FIRST:
        b->left = 0;
        return size_digit(b, c);
    case SIZE:
        if (c == ';' || c == ' ' || c == '\t' || c == '\r')
            return text_byte(b, c, EXTENSION, SIZE_LF);
        return size_digit(b, c);
    case EXTENSION:
        return text_byte(b, c, EXTENSION, SIZE_LF);
    case SIZE_LF:
        return after_size(b, c);
    case DATA_CR:
        return want(b, c, '\r', DATA_LF);
    case DATA_LF:
        b->counted = 0;
        return want(b, c, '\n', SIZE_FIRST);
    case TRAILER_FIRST:
        if (c != '\r')
            return name_byte(b, c);
        b->state = END_LF;
        return 0;
    case TRAILER_NAME:
        if (c != ':')
            return name_byte(b, c);
        b->state = TRAILER;
        return 0;
    case TRAILER:
        return text_byte(b, c, TRAILER, TRAILER_LF);
    case TRAILER_LF:
        return want(b, c, '\n', TRAILER_FIRST);
    case END_LF:
        b->done = c == '\n';
        return b->done ? 0 : BEAM_EPROTO;
    default:
        return BEAM_EPROTO;
    }
}

static int count(struct http_body *b)
{
    bool trailers = b->state >= TRAILER_FIRST;
    return b->counted++ < (size_t)(trailers ? HTTP_TRAILERS_MAX : HTTP_CHUNK_LINE_MAX)
               ? 0
               : BEAM_ELIMIT;
}

static ssize_t feed_chunked(struct http_body *b, const unsigned char *data, size_t len)
{
    size_t i = 0;
    while (i < len && !b->done) {
        if (b->state == DATA) {
            size_t n = len - i < b->left ? len - i : (size_t)b->left;
            http_body_pass(b, n);
            i += n;
            continue;
        }
        int err = count(b);
        if (err == 0)
            err = step(b, data[i++]);
        if (err < 0) {
            b->state = BROKEN;
            return err;
        }
    }
    return (ssize_t)i;
}

ssize_t http_body_feed(struct http_body *b, const void *data, size_t len)
{
    if (b->done)
        return 0;
    if (b->framing == HTTP_BODY_CHUNKED)
        return feed_chunked(b, data, len);
    uint64_t opaque = http_body_opaque(b);
    size_t n = len < opaque ? len : (size_t)opaque;
    http_body_pass(b, n);
    return (ssize_t)n;
}

uint64_t http_body_opaque(const struct http_body *b)
{
    if (b->done)
        return 0;
    if (b->framing == HTTP_BODY_UNTIL_CLOSE)
        return UINT64_MAX;
    return b->framing == HTTP_BODY_LENGTH || b->state == DATA ? b->left : 0;
}

bool http_body_trails(const struct http_body *b)
{
    return !b->done && b->state >= TRAILER_NAME && b->state <= TRAILER_LF;
}

void http_body_pass(struct http_body *b, uint64_t n)
{
    assert(n <= http_body_opaque(b));
    if (b->done || b->framing == HTTP_BODY_UNTIL_CLOSE)
        return;
    b->left -= n;
    if (b->left > 0)
        return;
    if (b->framing == HTTP_BODY_LENGTH)
        b->done = true;
    else if (b->state == DATA)
        b->state = DATA_CR;
}

int http_body_close(struct http_body *b)
{
    if (b->framing == HTTP_BODY_UNTIL_CLOSE)
        b->done = true;
    return b->done ? 0 : BEAM_ERESET;
}
