/* SPDX-License-Identifier: BSD-3-Clause */
#include "proxy/content.h"

#include "base/err.h"

enum {
    CHUNK_LINES = 32, /* bytes that one chunk's framing takes at most, the last chunk beside it */
    CHUNK_MAX = 256 * 1024 /* bytes in one chunk written */
};

static size_t least(uint64_t a, size_t b)
{
    return a < b ? (size_t)a : b;
}

/* Whether there is room for what comes next: trailers go on as a whole, behind the last of them. */
static bool has_room(bool chunked, const struct trailers *t, const struct buf *out)
{
    return buf_room(out) > (size_t)(chunked && t->len > 0 ? TRAILERS_ROOM : CHUNK_LINES);
}

static int move(struct http_body *body, bool chunked, struct buf *in, struct buf *out, size_t n)
{
    int err = chunked ? buf_addf(out, "%zx\r\n", n) : 0;
    if (err == 0)
        err = buf_move(out, in, n);
    if (err == 0 && chunked)
        err = buf_add(out, "\r\n", 2);
    if (err == 0)
        http_body_pass(body, n);
    return err;
}

static int end(const struct http_body *body, bool chunked, const struct trailers *t,
               struct buf *out)
{
    return body->done && chunked ? trailers_write(t, out) : 0;
}

/* A byte of the sender's framing. Of it, lines of trailers are kept; NULL: they are not either. */
static int read_framing(struct http_body *body, struct trailers *t, const unsigned char *at)
{
    bool trails = http_body_trails(body);
    ssize_t n = http_body_feed(body, at, 1);
    if (n < 0)
        return (int)n;
    return t && (trails || http_body_trails(body)) ? trailers_add(t, at, 1) : 0;
}

/* The sender's own framing: read, and let go. `out` NULL: nothing goes on. */
static int drop_framing(struct http_body *body, bool chunked, struct trailers *t, struct buf *in,
                        const struct buf *out)
{
    struct iovec first;
    if (buf_iov(in, &first, 1) == 0)
        return 0;
    const unsigned char *at = first.iov_base;
    size_t used = 0;
    while (used < first.iov_len && !body->done && http_body_opaque(body) == 0 &&
           (!out || has_room(chunked, t, out))) {
        int err = read_framing(body, t, at + used);
        if (err < 0)
            return err;
        used++;
    }
    buf_drain(in, used);
    return 0;
}

/* Content or framing, once. Returns the bytes of content. */
static ssize_t step(struct http_body *body, bool chunked, struct trailers *t, struct buf *in,
                    struct buf *out)
{
    size_t n = least(http_body_opaque(body), buf_len(in));
    int err;
    if (n > 0) {
        n = least(n, buf_room(out) - CHUNK_LINES);
        n = chunked ? least(n, CHUNK_MAX) : n;
        err = move(body, chunked, in, out, n);
    } else {
        err = drop_framing(body, chunked, t, in, out);
    }
    if (err == 0)
        err = end(body, chunked, t, out);
    return err < 0 ? err : (ssize_t)n;
}

ssize_t content_move(struct http_body *body, bool chunked, struct trailers *t, struct buf *in,
                     struct buf *out)
{
    ssize_t all = 0;
    while (!body->done && buf_len(in) > 0 && has_room(chunked, t, out)) {
        ssize_t n = step(body, chunked, t, in, out);
        if (n < 0)
            return n;
        all += n;
    }
    return all;
}

int content_close(struct http_body *body, bool chunked, struct buf *out)
{
    static const struct trailers none = {.len = 0};
    if (body->done)
        return 0;
    int err = http_body_close(body);
    return err < 0 ? err : end(body, chunked, &none, out);
}

ssize_t content_drop(struct http_body *body, struct buf *in)
{
    size_t before = buf_len(in);
    while (!body->done && buf_len(in) > 0) {
        size_t n = least(http_body_opaque(body), buf_len(in));
        int err = n > 0 ? 0 : drop_framing(body, false, NULL, in, NULL);
        if (err < 0)
            return err;
        if (n > 0) {
            http_body_pass(body, n);
            buf_drain(in, n);
        }
    }
    return (ssize_t)(before - buf_len(in));
}
