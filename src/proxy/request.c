/* SPDX-License-Identifier: BSD-3-Clause */
#include "proxy/request.h"

#include <string.h>

#include "base/err.h"

enum {
    CHUNK_LINES = 32, /* bytes that one chunk's framing takes at most, the last chunk beside it */
    CHUNK_MAX = 256 * 1024 /* bytes in one chunk written */
};

/* ---- heads ---------------------------------------------------------------------------------- */

static bool text_equals(struct http_text t, const char *word)
{
    return t.len == strlen(word) && memcmp(t.at, word, t.len) == 0;
}

static bool begins(struct http_text t, const char *word)
{
    size_t len = strlen(word);
    return t.len > len && http_text_is((struct http_text){t.at, len}, word);
}

/* RFC 9112, 3.2; no fragment, no bytes that a URI has not. */
static bool good_target(const struct http_head *h)
{
    for (size_t i = 0; i < h->target.len; i++) {
        unsigned char c = (unsigned char)h->target.at[i];
        if (c <= ' ' || c >= 0x7f || c == '#')
            return false;
    }
    if (text_equals(h->target, "*"))
        return text_equals(h->method, "OPTIONS");
    return h->target.at[0] == '/' || begins(h->target, "http://") || begins(h->target, "https://");
}

/* RFC 9110, 5.5. */
static bool good_value(struct http_text value)
{
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.at[i];
        if ((c < ' ' && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

/* Fields that may come once, since readers differ on which of them counts. */
static const char *const once[] = {"host", "content-length", "transfer-encoding", "authorization",
                                   "expect"};
enum { ONCE = sizeof(once) / sizeof(once[0]), HOST = 0 };

static bool is_digits(struct http_text t)
{
    size_t i = 0;
    while (i < t.len && t.at[i] >= '0' && t.at[i] <= '9')
        i++;
    return i == t.len && t.len > 0;
}

/* Of what a connection can be switched to, that which would carry requests unseen. */
static bool switches_to_http(struct http_text value)
{
    while (value.len > 0) {
        const char *comma = memchr(value.at, ',', value.len);
        struct http_text one = {value.at, comma ? (size_t)(comma - value.at) : value.len};
        size_t step = comma ? one.len + 1 : one.len;
        while (one.len > 0 && (one.at[0] == ' ' || one.at[0] == '\t')) {
            one.at++;
            one.len--;
        }
        if ((one.len >= 3 && http_text_is((struct http_text){one.at, 3}, "h2c")) ||
            (one.len >= 4 && http_text_is((struct http_text){one.at, 4}, "http")) ||
            (one.len >= 3 && http_text_is((struct http_text){one.at, 3}, "tls")))
            return true;
        value.at += step;
        value.len -= step;
    }
    return false;
}

static int judge_field(struct http_text name, struct http_text value, unsigned *seen)
{
    if (!good_value(value))
        return 400;
    for (unsigned i = 0; i < ONCE; i++) {
        if (!http_text_is(name, once[i]))
            continue;
        if (*seen & 1u << i)
            return 400;
        *seen |= 1u << i;
    }
    if (http_text_is(name, "content-length") && !is_digits(value))
        return 400;
    if (http_text_is(name, "transfer-encoding") && !http_text_is(value, "chunked"))
        return 501;
    if (http_text_is(name, "upgrade") && switches_to_http(value))
        return 501;
    if (http_text_is(name, "connection") &&
        (http_text_lists(value, "content-length") || http_text_lists(value, "transfer-encoding") ||
         http_text_lists(value, "host")))
        return 400; /* a hop that drops these would frame it otherwise */
    return 0;
}

int request_judge(const struct http_head *head)
{
    struct http_text name, value;
    unsigned seen = 0;
    if (head->minor > 1)
        return 505;
    if (text_equals(head->method, "CONNECT"))
        return 501;
    if (!good_target(head))
        return 400;
    for (size_t at = 0; http_head_next(head, &at, &name, &value);) {
        int status = judge_field(name, value, &seen);
        if (status)
            return status;
    }
    return head->minor == 1 && !(seen & 1u << HOST) ? 400 : 0;
}

bool request_credentials(const struct http_head *head, struct http_text *value)
{
    return http_head_field(head, "authorization", value);
}

static int add(struct buf *out, struct http_text t)
{
    return buf_add(out, t.at, t.len);
}

/* The fields' lines as they came, but for the blanks around a value. */
static int write_fields(const struct http_head *head, struct buf *out)
{
    struct http_text name, value;
    int err = 0;
    for (size_t at = 0; err == 0 && http_head_next(head, &at, &name, &value);) {
        if (http_text_is(name, "authorization"))
            continue;
        err = add(out, name);
        if (err == 0)
            err = buf_add(out, ": ", 2);
        if (err == 0)
            err = add(out, value);
        if (err == 0)
            err = buf_add(out, "\r\n", 2);
    }
    return err;
}

int request_write_head(const struct http_head *head, struct buf *out)
{
    struct buf whole;
    buf_init(&whole, out->pool, 2 * (size_t)HTTP_HEAD_MAX);
    int err = add(&whole, head->method);
    if (err == 0)
        err = buf_add(&whole, " ", 1);
    if (err == 0)
        err = add(&whole, head->target);
    if (err == 0)
        err = buf_addf(&whole, " HTTP/1.%d\r\n", head->minor);
    if (err == 0)
        err = write_fields(head, &whole);
    if (err == 0)
        err = buf_add(&whole, "\r\n", 2);
    if (err == 0)
        err = buf_move(out, &whole, buf_len(&whole));
    buf_clear(&whole);
    return err;
}

/* ---- bodies --------------------------------------------------------------------------------- */

static size_t least(uint64_t a, size_t b)
{
    return a < b ? (size_t)a : b;
}

/* Content: goes on as it is, in a chunk of its own when it came in one. */
static int move_content(struct http_body *body, struct buf *in, struct buf *out, size_t n)
{
    bool chunked = body->framing == HTTP_BODY_CHUNKED;
    int err = chunked ? buf_addf(out, "%zx\r\n", n) : 0;
    if (err == 0)
        err = buf_move(out, in, n);
    if (err == 0 && chunked)
        err = buf_add(out, "\r\n", 2);
    if (err == 0)
        http_body_pass(body, n);
    return err;
}

/* The visitor's own framing: read, and let go. */
static int drop_framing(struct http_body *body, struct buf *in)
{
    struct iovec first;
    if (buf_iov(in, &first, 1) == 0)
        return 0;
    const unsigned char *at = first.iov_base;
    size_t used = 0;
    while (used < first.iov_len && !body->done && http_body_opaque(body) == 0) {
        ssize_t n = http_body_feed(body, at + used, 1);
        if (n < 0)
            return (int)n;
        used++;
    }
    buf_drain(in, used);
    return 0;
}

int request_move_body(struct http_body *body, struct buf *in, struct buf *out)
{
    int err = 0;
    while (err == 0 && !body->done && buf_len(in) > 0 && buf_room(out) > CHUNK_LINES) {
        size_t n = least(http_body_opaque(body), buf_len(in));
        if (n > 0) {
            n = least(n, buf_room(out) - CHUNK_LINES);
            err = move_content(body, in, out, n < CHUNK_MAX ? n : CHUNK_MAX);
            continue;
        }
        err = drop_framing(body, in);
        if (err == 0 && body->done)
            err = buf_add(out, "0\r\n\r\n", 5);
    }
    return err;
}
