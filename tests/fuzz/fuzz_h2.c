/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a client's bytes make of a connection of HTTP/2. The input is what it sends, cut at the byte
 * 0xfe and 0xff into turns, after each of which what was heard is read and answered in one of
 * several ways. Each request's head must be one that HTTP/1.1 has one reading for, and be the whole
 * of its bytes; what waits must stay within its bounds.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "http/h2.h"
#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TURN = 0xff, LATER = 0xfe, STREAMS_MAX = 2 * H2_STREAMS, OUT_MAX = 16 * 1024 * 1024 };

static const char magic[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/* To a key of zeros. */
#define SWITCH                                                                                     \
    "HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"                      \
    "Sec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=\r\n\r\n"

static const char *const answers[] = {
    "HTTP/1.1 200 OK\r\nContent-Type: a\r\nSet-Cookie: a\r\n\r\n",
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.1 404 No\r\nConnection: close\r\nUpgrade: x\r\n\r\n",
    SWITCH,
};

struct run {
    struct h2 *h2;
    struct buf_pool *pool;
    uint64_t now;
    struct h2_stream *stream[STREAMS_MAX];
    size_t n;
    unsigned turn;
};

static void fill(void *arg, void *out, size_t len)
{
    (void)arg;
    memset(out, 0, len);
}

static const struct rng zeros = {fill, NULL};

/* ---- requests -------------------------------------------------------------------------------- */

static void check_head(struct h2_stream *s)
{
    static char text[2 * HTTP_HEAD_MAX + 1];
    struct http_head head;
    size_t len = buf_peek(&s->head, 0, text, sizeof(text)), fields = 0;
    MUST(len == buf_len(&s->head) && len < sizeof(text));
    int n = http_head_parse(text, len, HTTP_REQUEST, &head);
    MUST(n == (int)len || n == BEAM_EPROTO || n == BEAM_ELIMIT);
    /* However bad it may be: as many lines as it says, and one empty one, at its end. */
    for (size_t i = 0; i < len; i++) {
        MUST(text[i] != '\0');
        MUST((text[i] == '\n') == (i > 0 && text[i - 1] == '\r'));
        MUST(text[i] != '\r' || (i + 1 < len && text[i + 1] == '\n'));
        fields += text[i] == '\n';
    }
    text[len] = '\0';
    MUST(strstr(text, "\r\n\r\n") == text + len - 4);
    MUST(!s->kind.has_length || !head.chunked || n < 0);
    MUST(fields >= 3);
}

/* As far as they have come. */
static void check_tail(struct h2_stream *s)
{
    static char text[HTTP_TRAILERS_MAX + 1];
    const struct http_head lines = {.fields = {text, buf_len(&s->tail)}};
    struct http_text name, value;
    size_t at = 0;
    MUST(buf_peek(&s->tail, 0, text, sizeof(text)) == lines.fields.len);
    while (http_head_next(&lines, &at, &name, &value))
        MUST(!http_text_is(name, "content-length") && !http_text_is(name, "host") &&
             !http_text_is(name, "transfer-encoding"));
    MUST(at == lines.fields.len);
}

static void respond(struct run *r, struct h2_stream *s, unsigned how)
{
    struct http_head head;
    const char *text = answers[how % 4];
    int n = http_head_parse(text, strlen(text), HTTP_RESPONSE, &head);
    MUST(n == (int)strlen(text));
    if (head.status == 101 && !s->kind.websocket)
        return;
    (void)r;
    (void)h2_respond(s, &head, how & 4);
}

static void forget(struct run *r, size_t i)
{
    h2_forget(r->stream[i]);
    r->stream[i] = r->stream[--r->n];
}

static void act(struct run *r, size_t i, unsigned how)
{
    struct h2_stream *s = r->stream[i];
    size_t n = buf_len(&s->in);
    MUST(n <= H2_WIDE);
    check_tail(s);
    if (how & 1) {
        buf_drain(&s->in, n);
        h2_taken(s, n);
    }
    if (!s->owner && !s->failed) {
        respond(r, s, how >> 1);
        s->owner = r;
    } else if (s->owner && !s->ended && !s->failed) {
        (void)buf_addf(&s->out, "%u", how);
        h2_more(s);
        if (how & 8) {
            if (how & 0x40)
                h2_trail(s, strdup("X-A: b\r\nTE: c\r\n"), 15);
            h2_finish(s);
        }
    }
    if ((how & 0x30) == 0x30)
        h2_reset(s, H2_CANCEL);
    if ((how & 0x30) == 0x10 || s->failed)
        forget(r, i);
}

static void hear(struct run *r)
{
    struct h2_stream *s;
    unsigned news;
    while ((s = h2_next(r->h2, &news))) {
        if (!(news & H2_NEWS_REQUEST))
            continue;
        check_head(s);
        buf_clear(&s->head);
        MUST(r->n < H2_STREAMS);
        r->stream[r->n++] = s;
    }
    for (size_t i = r->n; i-- > 0;)
        act(r, i, r->turn * 7 + (unsigned)i * 3);
    r->turn++;
}

/* ---- turns ----------------------------------------------------------------------------------- */

static size_t send_all(struct run *r)
{
    struct buf out;
    size_t all = 0, n;
    do {
        buf_init(&out, r->pool, H2_SEND_MAX);
        MUST(h2_send(r->h2, &out, r->now) == 0);
        n = buf_len(&out);
        buf_clear(&out);
        all += n;
    } while (n > 0 && all < OUT_MAX);
    return all;
}

static int feed(struct run *r, const void *data, size_t len)
{
    struct buf in;
    buf_init(&in, r->pool, SIZE_MAX);
    MUST(buf_add(&in, data, len) == 0);
    int err = h2_feed(r->h2, &in, r->now);
    MUST(buf_len(&in) == 0);
    hear(r);
    MUST(send_all(r) < OUT_MAX);
    return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct h2_patience patience = {1000, 5000};
    struct run r = {.now = 1};
    MUST(buf_pool_new(4, &r.pool) == 0);
    MUST(h2_new(r.pool, &zeros, r.now, &r.h2) == 0);
    int err = feed(&r, magic, sizeof(magic) - 1);
    for (size_t at = 0; err == 0 && at < size;) {
        size_t n = 0;
        while (at + n < size && data[at + n] < LATER)
            n++;
        err = feed(&r, data + at, n);
        if (at + n < size && data[at + n] == LATER) {
            r.now += 700;
            (void)h2_expire(r.h2, &patience, r.now);
            hear(&r);
        }
        at += n + 1;
    }
    while (r.n > 0)
        forget(&r, 0);
    (void)send_all(&r);
    h2_free(r.h2);
    MUST(buf_pool_used(r.pool) == 0);
    buf_pool_free(r.pool);
    return 0;
}
