/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "http/h2_parts.h"

enum {
    HEAD_ROOM = 2 * HTTP_HEAD_MAX,
    APART_MAX = 8 * 1024, /* bytes that would keep a block for less than they are worth */
    KEY_BYTES = 16        /* of a Sec-WebSocket-Key (RFC 6455, 4.1) */
};

static void tell(struct h2_stream *s, unsigned news)
{
    s->news |= news;
    if (s->queued || s->forgotten)
        return;
    s->queued = true;
    TAILQ_INSERT_TAIL(&s->h2->waiting, s, waiting);
}

/* A wide window is of no more use to it. */
static void narrow(struct h2_stream *s)
{
    struct h2 *h = s->h2;
    if (!s->wide)
        return;
    s->wide = false;
    h->wide--;
    if (h->on_wide)
        (void)h->on_wide(h->on_wide_arg, false);
}

static void destroy(struct h2_stream *s)
{
    struct h2 *h = s->h2;
    if (s->queued)
        TAILQ_REMOVE(&h->waiting, s, waiting);
    TAILQ_REMOVE(&h->all, s, all);
    if (s->open)
        (void)nghttp2_session_set_stream_user_data(h->session, s->id, NULL);
    narrow(s);
    if (--h->streams == 0)
        h->quiet_since = h->now;
    buf_clear(&s->head);
    buf_clear(&s->in);
    buf_clear(&s->tail);
    buf_clear(&s->out);
    free(s->trailers);
    free(s);
}

static void submit_reset(struct h2_stream *s, uint32_t code)
{
    if (s->open && !s->reset)
        (void)nghttp2_submit_rst_stream(s->h2->session, NGHTTP2_FLAG_NONE, s->id, code);
    s->reset = true;
}

/* ---- a request ------------------------------------------------------------------------------- */

static nghttp2_nv pair(struct http_text name, struct http_text value, uint8_t flags)
{
    /* Borrowed: nghttp2 copies both, and makes the name lower case. */
    return (nghttp2_nv){(uint8_t *)(uintptr_t)name.at, (uint8_t *)(uintptr_t)value.at, name.len,
                        value.len, flags};
}

static nghttp2_nv status_pair(int status, char text[4])
{
    text[0] = (char)('0' + status / 100 % 10);
    text[1] = (char)('0' + status / 10 % 10);
    text[2] = (char)('0' + status % 10);
    text[3] = '\0';
    return pair((struct http_text){":status", 7}, (struct http_text){text, 3},
                NGHTTP2_NV_FLAG_NONE);
}

/* A response of the connection's own. */
static void refuse(struct h2 *h, int32_t id, int status, bool ended)
{
    char text[4];
    const nghttp2_nv nv = status_pair(status, text);
    (void)nghttp2_submit_response(h->session, id, &nv, 1, NULL);
    if (!ended)
        (void)nghttp2_submit_rst_stream(h->session, NGHTTP2_FLAG_NONE, id, NGHTTP2_NO_ERROR);
}

static void refuse_malformed(struct h2 *h, int32_t id)
{
    (void)nghttp2_submit_rst_stream(h->session, NGHTTP2_FLAG_NONE, id, NGHTTP2_PROTOCOL_ERROR);
    if (!h2_guard_reset(&h->guard, h->now))
        h2_fail(h, BEAM_ELIMIT, NGHTTP2_ENHANCE_YOUR_CALM);
}

static struct h2_stream *stream_new(struct h2 *h, int32_t id)
{
    struct h2_stream *s = calloc(1, sizeof(*s));
    if (!s)
        return NULL;
    s->h2 = h;
    s->id = id;
    s->moved = h->now;
    s->open = true;
    buf_init(&s->head, h->pool, HEAD_ROOM);
    buf_init(&s->in, h->pool, H2_WIDE);
    buf_init(&s->tail, h->pool, HTTP_TRAILERS_MAX);
    buf_init(&s->out, h->pool, H2_OUT);
    TAILQ_INSERT_TAIL(&h->all, s, all);
    h->streams++;
    return s;
}

static int hear(struct h2_stream *s, bool ended)
{
    struct h2 *h = s->h2;
    uint8_t random[KEY_BYTES];
    char key[H2_REQUEST_KEY_SIZE];
    h->rng->fill(h->rng->arg, random, sizeof(random));
    (void)text_base64_encode(random, sizeof(random), key, sizeof(key));
    int err = h2_request_end(&h->request, ended, key, &s->head, &s->kind);
    if (err == 0 && nghttp2_session_set_stream_user_data(h->session, s->id, s) != 0)
        err = BEAM_ENOMEM;
    return err;
}

void h2_stream_begin(struct h2 *h, int32_t id, bool ended)
{
    /* Those that nghttp2 knows no longer, but their readers do, count too. */
    struct h2_stream *s = h->streams < H2_STREAMS ? stream_new(h, id) : NULL;
    if (!s) {
        (void)nghttp2_submit_rst_stream(h->session, NGHTTP2_FLAG_NONE, id, NGHTTP2_REFUSED_STREAM);
        return;
    }
    int err = hear(s, ended);
    if (err == 0) {
        tell(s, H2_NEWS_REQUEST);
        return;
    }
    destroy(s);
    if (err > 0 || err == BEAM_ELIMIT)
        refuse(h, id, err > 0 ? err : 431, ended);
    else if (err == BEAM_EPROTO)
        refuse_malformed(h, id);
    else
        h2_fail(h, err, NGHTTP2_INTERNAL_ERROR);
}

void h2_stream_content(struct h2_stream *s, struct buf *from, const uint8_t *data, size_t len)
{
    int err = BEAM_ELIMIT;
    if (from && len >= APART_MAX)
        err = buf_move(&s->in, from, len);
    else
        err = buf_add_apart(&s->in, data, len);
    if (err == 0) {
        tell(s, H2_NEWS_READABLE);
        return;
    }
    submit_reset(s, NGHTTP2_INTERNAL_ERROR);
    h2_stream_lose(s, err);
}

void h2_stream_in_ended(struct h2_stream *s)
{
    s->in_ended = true;
    if (buf_len(&s->in) == 0)
        narrow(s);
    tell(s, H2_NEWS_READABLE);
}

/* One whose reader keeps up may have more on its way. */
static void widen(struct h2_stream *s)
{
    struct h2 *h = s->h2;
    if (s->wide || s->in_ended || s->taken < 2 * (uint64_t)H2_WINDOW || h->wide == H2_WIDE_MAX ||
        (h->on_wide && !h->on_wide(h->on_wide_arg, true)))
        return;
    s->wide = true;
    h->wide++;
    if (nghttp2_session_set_local_window_size(h->session, NGHTTP2_FLAG_NONE, s->id, H2_WIDE) != 0)
        narrow(s);
}

void h2_taken(struct h2_stream *s, size_t n)
{
    s->taken += n;
    if (s->in_ended && buf_len(&s->in) == 0)
        narrow(s);
    if (!s->open || s->failed)
        return;
    (void)nghttp2_session_consume_stream(s->h2->session, s->id, n);
    widen(s);
}

/* ---- its response ---------------------------------------------------------------------------- */

/* Those of a connection of HTTP/1.1 (RFC 9113, 8.2.2), and what only proves its own upgrade. */
static bool stays(const struct h2_stream *s, struct http_text name)
{
    static const char *const dropped[] = {"connection", "keep-alive", "proxy-connection",
                                          "transfer-encoding", "upgrade"};
    for (size_t i = 0; i < sizeof(dropped) / sizeof(dropped[0]); i++)
        if (http_text_is(name, dropped[i]))
            return false;
    return !(s->kind.websocket && http_text_is(name, "sec-websocket-accept"));
}

static size_t count_fields(const struct http_head *head)
{
    struct http_text name, value;
    size_t n = 0;
    for (size_t at = 0; http_head_next(head, &at, &name, &value);)
        n++;
    return n;
}

/* A cookie is a secret that comes once: it shall be in no table. */
static nghttp2_nv field_pair(struct http_text name, struct http_text value)
{
    bool secret = http_text_is(name, "set-cookie");
    return pair(name, value, secret ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE);
}

/* Those that stay, into nv. Returns how many. */
static size_t list_fields(const struct h2_stream *s, const struct http_head *head, nghttp2_nv *nv)
{
    struct http_text name, value;
    size_t n = 0;
    for (size_t at = 0; http_head_next(head, &at, &name, &value);)
        if (stays(s, name))
            nv[n++] = field_pair(name, value);
    return n;
}

/* They follow what is being sent. */
static int submit_trailers(struct h2_stream *s)
{
    const struct http_head lines = {.fields = {s->trailers, s->trailers_len}};
    nghttp2_nv *nv = calloc(count_fields(&lines) + 1, sizeof(*nv));
    if (!nv)
        return BEAM_ENOMEM;
    size_t n = list_fields(s, &lines, nv);
    int err = nghttp2_submit_trailer(s->h2->session, s->id, nv, n);
    free(nv);
    return err == 0 ? 0 : BEAM_ENOMEM;
}

static ssize_t read_out(nghttp2_session *session, int32_t id, uint8_t *into, size_t max,
                        uint32_t *flags, nghttp2_data_source *source, void *arg)
{
    struct h2_stream *s = nghttp2_session_get_stream_user_data(session, id);
    (void)source;
    (void)into;
    (void)arg;
    if (!s || s->failed)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    size_t len = buf_len(&s->out), n = len < max ? len : max;
    s->deferred = n == 0 && !s->ended;
    if (s->deferred)
        return NGHTTP2_ERR_DEFERRED;
    s->end_sent = s->ended && n == len;
    *flags = NGHTTP2_DATA_FLAG_NO_COPY | (s->end_sent ? NGHTTP2_DATA_FLAG_EOF : 0);
    if (s->end_sent && s->trailers) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        if (submit_trailers(s) < 0)
            return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    return (ssize_t)n;
}

static int submit(struct h2_stream *s, bool interim, const nghttp2_nv *nv, size_t n)
{
    const nghttp2_data_provider out = {.read_callback = read_out};
    nghttp2_session *session = s->h2->session;
    if (interim)
        return nghttp2_submit_headers(session, NGHTTP2_FLAG_NONE, s->id, NULL, nv, n, NULL);
    s->responded = true;
    s->end_sent = s->ended;
    return nghttp2_submit_response(session, s->id, nv, n, s->ended ? NULL : &out);
}

/* What the status is in HTTP/2. */
static int status_of(struct h2_stream *s, const struct http_head *head)
{
    if (!s->kind.websocket || s->responded)
        return head->status;
    if (head->status == 101)
        return 200;
    if (head->status < 200 || head->status > 299)
        return head->status;
    s->ended = true;
    return 502;
}

/* A server that does not know WebSockets cannot give it (RFC 6455, 4.1). */
static bool grants(const struct h2_stream *s, const struct http_head *head)
{
    struct http_text value;
    return http_head_field(head, "sec-websocket-accept", &value) &&
           value.len == strlen(s->kind.accept) && memcmp(value.at, s->kind.accept, value.len) == 0;
}

int h2_respond(struct h2_stream *s, const struct http_head *head, bool ended)
{
    char status[4];
    bool interim = head->status < 200 && head->status != 101;
    if (!s->open || s->failed)
        return BEAM_ERESET;
    if (head->status == 101 && s->kind.websocket && !grants(s, head))
        return BEAM_EPROTO;
    size_t n = 1;
    nghttp2_nv *nv = calloc(count_fields(head) + 1, sizeof(*nv));
    if (!nv)
        return BEAM_ENOMEM;
    s->ended |= ended && !interim;
    int code = status_of(s, head);
    nv[0] = status_pair(code, status);
    bool ours = s->kind.websocket && code == 502; /* of the fields, none is */
    n += ours ? 0 : list_fields(s, head, nv + 1);
    int err = submit(s, interim, nv, n);
    free(nv);
    return err == 0 ? 0 : BEAM_ENOMEM;
}

void h2_more(struct h2_stream *s)
{
    if (!s->open || !s->deferred)
        return;
    s->deferred = false;
    (void)nghttp2_session_resume_data(s->h2->session, s->id);
}

void h2_trail(struct h2_stream *s, char *lines, size_t len)
{
    free(s->trailers);
    s->trailers = lines;
    s->trailers_len = len;
}

void h2_finish(struct h2_stream *s)
{
    s->ended = true;
    h2_more(s);
}

void h2_stream_moved(struct h2_stream *s)
{
    s->moved = s->h2->now;
    tell(s, H2_NEWS_WRITABLE);
}

/* ---- its end --------------------------------------------------------------------------------- */

void h2_stream_end_gone(struct h2_stream *s)
{
    s->end_gone = true;
    if (s->forgotten && !s->in_ended)
        submit_reset(s, NGHTTP2_NO_ERROR); /* 8.1: the rest of the request need not come */
}

void h2_stream_lose(struct h2_stream *s, int err)
{
    if (s->forgotten || s->news & H2_NEWS_REQUEST) {
        destroy(s);
        return;
    }
    if (s->failed)
        return;
    s->failed = err;
    buf_clear(&s->in);
    buf_clear(&s->tail);
    buf_clear(&s->out);
    tell(s, H2_NEWS_FAILED);
}

void h2_stream_closed(struct h2_stream *s, uint32_t code)
{
    s->open = false;
    if (code == NGHTTP2_NO_ERROR && s->in_ended && s->end_sent) {
        h2_guard_earn_reset(&s->h2->guard);
        if (s->forgotten)
            destroy(s);
        return;
    }
    h2_stream_lose(s, BEAM_ERESET);
}

void h2_stream_abandon(struct h2_stream *s)
{
    s->moved = s->h2->now;
    submit_reset(s, NGHTTP2_CANCEL);
}

void h2_reset(struct h2_stream *s, enum h2_code code)
{
    if (s->failed == BEAM_ECLOSED)
        return;
    submit_reset(s, (uint32_t)code);
    s->failed = BEAM_ECLOSED;
    buf_clear(&s->head);
    buf_clear(&s->in);
    buf_clear(&s->tail);
    buf_clear(&s->out);
}

void h2_forget(struct h2_stream *s)
{
    if (s->queued)
        TAILQ_REMOVE(&s->h2->waiting, s, waiting);
    s->queued = false;
    s->forgotten = true;
    s->owner = NULL;
    s->moved = s->h2->now;
    buf_clear(&s->head);
    buf_clear(&s->in);
    buf_clear(&s->tail);
    if (!s->open || s->h2->failed) {
        destroy(s);
        return;
    }
    if (!s->failed && s->responded && s->ended && !s->end_gone)
        return; /* it is still being sent */
    submit_reset(s, s->failed == BEAM_ECLOSED || s->end_gone ? NGHTTP2_NO_ERROR
                                                             : NGHTTP2_INTERNAL_ERROR);
}
