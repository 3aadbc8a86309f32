/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "http/h2_parts.h"

enum {
    CONNECTION_WINDOW = 8 * 1024 * 1024, /* what comes is taken at once; streams have the bounds */
    FRAME_MAX = 16 * 1024 + 9,           /* bytes of one that is sent */
    HEADERS_SENT_MAX = 256 * 1024        /* bytes of a response's fields */
};

/* ---- failing --------------------------------------------------------------------------------- */

void h2_fail(struct h2 *h, int err, uint32_t code)
{
    if (h->failed)
        return;
    h->failed = err;
    (void)nghttp2_session_terminate_session(h->session, code);
}

static void flood(struct h2 *h)
{
    h2_fail(h, BEAM_ELIMIT, NGHTTP2_ENHANCE_YOUR_CALM);
}

static void charge_frame(struct h2 *h)
{
    if (!h2_guard_frame(&h->guard, h->now))
        flood(h);
}

static void charge_reset(struct h2 *h)
{
    if (!h2_guard_reset(&h->guard, h->now))
        flood(h);
}

static struct h2_stream *stream_of(struct h2 *h, int32_t id)
{
    return id > 0 ? nghttp2_session_get_stream_user_data(h->session, id) : NULL;
}

/* ---- what comes ------------------------------------------------------------------------------ */

static bool was_reset(const struct h2 *h, int32_t id)
{
    for (size_t i = 0; i < H2_RESETS; i++)
        if (h->ours[i] == id)
            return true;
    return false;
}

/* Fields for a stream that is over, or was passed over (5.1, 5.1.1): nghttp2 lets them go by, for
 * they may have been on their way when it was reset. When it was not, they are a fault. */
static void judge_late(struct h2 *h, int32_t id)
{
    nghttp2_stream *stream = nghttp2_session_find_stream(h->session, id);
    if (id > h->last || id % 2 == 0 || was_reset(h, id))
        return;
    if (!stream)
        h2_fail(h, BEAM_EPROTO, NGHTTP2_PROTOCOL_ERROR);
    else if (nghttp2_stream_get_state(stream) == NGHTTP2_STREAM_STATE_CLOSED)
        h2_fail(h, BEAM_EPROTO, NGHTTP2_STREAM_CLOSED);
}

static int on_begin_frame(nghttp2_session *session, const nghttp2_frame_hd *hd, void *arg)
{
    struct h2 *h = arg;
    (void)session;
    if (hd->type != NGHTTP2_CONTINUATION)
        h->block_since = 0;
    if (hd->type == NGHTTP2_HEADERS) {
        judge_late(h, hd->stream_id);
        h->last = hd->stream_id > h->last ? hd->stream_id : h->last;
    }
    if (hd->type != NGHTTP2_DATA && hd->type != NGHTTP2_HEADERS && hd->type != NGHTTP2_RST_STREAM)
        charge_frame(h);
    return 0;
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    struct h2 *h = arg;
    (void)session;
    h->block_since = h->now;
    h->block_size = 0;
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST)
        h2_request_begin(&h->request);
    return 0;
}

/* They make no sense: the stream is reset, and no more of them is told, nor their end. */
static int refuse_fields(struct h2 *h, const nghttp2_frame_hd *hd)
{
    charge_reset(h);
    (void)nghttp2_submit_rst_stream(h->session, NGHTTP2_FLAG_NONE, hd->stream_id,
                                    NGHTTP2_PROTOCOL_ERROR);
    if (hd->flags & NGHTTP2_FLAG_END_HEADERS)
        h->block_since = 0;
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

/* Of a stream that nobody listens to they go by. False: it is to be refused. */
static bool take_trailer(struct h2 *h, int32_t id, struct http_text name, struct http_text value)
{
    struct h2_stream *s = stream_of(h, id);
    return !s || s->forgotten || s->failed || h->failed ||
           h2_request_trailer(name, value, &s->tail) == 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *arg)
{
    struct h2 *h = arg;
    (void)session;
    (void)flags;
    h->block_size += name_len + value_len + 1;
    if (h->block_size > (size_t)H2_GUARD_HEADER_FACTOR * H2_REQUEST_LIST_MAX)
        flood(h);
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST)
        h2_request_field(&h->request, (struct http_text){(const char *)name, name_len},
                         (struct http_text){(const char *)value, value_len});
    else if (!take_trailer(h, frame->hd.stream_id, (struct http_text){(const char *)name, name_len},
                           (struct http_text){(const char *)value, value_len}))
        return refuse_fields(h, &frame->hd);
    return 0;
}

static int on_invalid_header(nghttp2_session *session, const nghttp2_frame *frame,
                             const uint8_t *name, size_t name_len, const uint8_t *value,
                             size_t value_len, uint8_t flags, void *arg)
{
    (void)name;
    (void)name_len;
    (void)value;
    (void)value_len;
    (void)flags;
    (void)session;
    return refuse_fields(arg, &frame->hd);
}

static void on_headers(struct h2 *h, const nghttp2_frame *frame)
{
    h->block_since = 0;
    if (h->failed || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return;
    h2_guard_earn_frames(&h->guard);
    h2_guard_earn_bytes(&h->guard, h->block_size);
    h2_stream_begin(h, frame->hd.stream_id, frame->hd.flags & NGHTTP2_FLAG_END_STREAM);
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    struct h2 *h = arg;
    bool end = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
    (void)session;
    if (frame->hd.type == NGHTTP2_HEADERS)
        on_headers(h, frame);
    else if (frame->hd.type == NGHTTP2_DATA && !end && frame->hd.length == frame->data.padlen)
        charge_frame(h);
    else if (frame->hd.type == NGHTTP2_RST_STREAM)
        charge_reset(h);
    if (!end || (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA))
        return 0;
    struct h2_stream *s = stream_of(h, frame->hd.stream_id);
    if (s)
        h2_stream_in_ended(s);
    return 0;
}

/* nghttp2 resets the stream, or ends the connection, by itself. */
static int on_invalid_frame(nghttp2_session *session, const nghttp2_frame *frame, int code,
                            void *arg)
{
    struct h2 *h = arg;
    (void)session;
    (void)frame;
    (void)code;
    h->block_since = 0;
    charge_reset(h);
    return 0;
}

/* Of what is fed, the bytes before `data` are no content, and those at `data` are next. */
static struct buf *reach(struct h2 *h, const uint8_t *data, size_t len)
{
    if (data < h->piece + h->piece_used || data + len > h->piece + h->piece_len)
        return NULL;
    size_t before = (size_t)(data - h->piece) - h->piece_used;
    if (buf_move(&h->passed, h->feed, before) < 0)
        return NULL;
    h->piece_used += before;
    return h->feed;
}

static int on_content(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
                      size_t len, void *arg)
{
    struct h2 *h = arg;
    struct h2_stream *s = stream_of(h, id);
    (void)flags;
    if (!s || s->forgotten || s->failed || h->failed) {
        (void)nghttp2_session_consume(session, id, len);
        return 0;
    }
    h2_guard_earn_bytes(&h->guard, len);
    struct buf *from = reach(h, data, len);
    size_t before = from ? buf_len(from) : 0;
    h2_stream_content(s, from, data, len);
    h->piece_used += from ? before - buf_len(from) : 0;
    (void)nghttp2_session_consume_connection(session, len);
    return 0;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t code, void *arg)
{
    struct h2_stream *s = stream_of(arg, id);
    (void)session;
    if (s)
        h2_stream_closed(s, code);
    return 0;
}

/* ---- what goes ------------------------------------------------------------------------------- */

static int on_sent(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    struct h2 *h = arg;
    (void)session;
    if (frame->hd.type == NGHTTP2_RST_STREAM)
        h->ours[h->resets++ % H2_RESETS] = frame->hd.stream_id;
    bool may_end = frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS;
    struct h2_stream *s = may_end ? stream_of(h, frame->hd.stream_id) : NULL;
    if (s && frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
        h2_stream_end_gone(s);
    return 0;
}

/* A frame that cannot be sent (its fields are too many): its stream has no response. */
static int on_not_sent(nghttp2_session *session, const nghttp2_frame *frame, int code, void *arg)
{
    (void)arg;
    (void)code;
    if (frame->hd.type == NGHTTP2_HEADERS)
        (void)nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id,
                                        NGHTTP2_INTERNAL_ERROR);
    return 0;
}

static int send_content(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *head,
                        size_t len, nghttp2_data_source *source, void *arg)
{
    struct h2 *h = arg;
    struct h2_stream *s = stream_of(h, frame->hd.stream_id);
    (void)session;
    (void)source;
    if (!s || buf_len(&s->out) < len) /* reset since */
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    if (buf_room(h->to) < FRAME_MAX)
        return NGHTTP2_ERR_WOULDBLOCK;
    if (buf_add(h->to, head, 9) < 0 || buf_move(h->to, &s->out, len) < 0)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    h2_guard_earn_frames(&h->guard);
    h2_guard_earn_bytes(&h->guard, len);
    h2_stream_moved(s);
    return 0;
}

/* ---- feeding and sending --------------------------------------------------------------------- */

/* The first piece of `in`. */
static void feed_piece(struct h2 *h, struct buf *in)
{
    struct iovec first;
    (void)buf_iov(in, &first, 1);
    h->feed = in;
    h->piece = first.iov_base;
    h->piece_len = first.iov_len;
    h->piece_used = 0;
    ssize_t n = nghttp2_session_mem_recv(h->session, h->piece, h->piece_len);
    if (n < 0)
        h2_fail(h, n == NGHTTP2_ERR_NOMEM ? BEAM_ENOMEM : BEAM_EPROTO, NGHTTP2_PROTOCOL_ERROR);
    buf_drain(in, h->piece_len - h->piece_used);
    buf_clear(&h->passed);
    if (!h2_guard_bytes(&h->guard, h->piece_len, h->now))
        flood(h);
}

static void lose_all(struct h2 *h)
{
    struct h2_stream *s, *next;
    for (s = TAILQ_FIRST(&h->all); s; s = next) {
        next = TAILQ_NEXT(s, all);
        h2_stream_lose(s, BEAM_ERESET);
    }
}

int h2_feed(struct h2 *h, struct buf *in, uint64_t now)
{
    h->now = now;
    while (buf_len(in) > 0 && !h->failed)
        feed_piece(h, in);
    buf_clear(in);
    if (h->failed)
        lose_all(h);
    return h->failed;
}

int h2_send(struct h2 *h, struct buf *out, uint64_t now)
{
    h->now = now;
    h->to = out;
    while (buf_room(out) >= FRAME_MAX) {
        const uint8_t *data;
        ssize_t n = nghttp2_session_mem_send(h->session, &data);
        if (n < 0 || (n > 0 && buf_add(out, data, (size_t)n) < 0))
            return BEAM_ENOMEM;
        if (n == 0)
            break;
    }
    return 0;
}

struct h2_stream *h2_next(struct h2 *h, unsigned *news)
{
    struct h2_stream *s = TAILQ_FIRST(&h->waiting);
    if (!s)
        return NULL;
    TAILQ_REMOVE(&h->waiting, s, waiting);
    s->queued = false;
    *news = s->news;
    s->news = 0;
    return s;
}

/* ---- deadlines ------------------------------------------------------------------------------- */

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a == 0 || b < a ? b : a;
}

uint64_t h2_due(const struct h2 *h, const struct h2_patience *p)
{
    const struct h2_stream *s;
    uint64_t due = h->block_since ? h->block_since + p->block_ms : 0;
    if (h->streams == 0)
        due = earlier(due, h->quiet_since + p->idle_ms);
    TAILQ_FOREACH(s, &h->all, all)
    if (s->forgotten)
        due = earlier(due, s->moved + p->idle_ms);
    return due;
}

int h2_expire(struct h2 *h, const struct h2_patience *p, uint64_t now)
{
    struct h2_stream *s;
    h->now = now;
    TAILQ_FOREACH(s, &h->all, all)
    {
        if (!s->forgotten || s->moved + p->idle_ms > now)
            continue;
        s->moved = now;
        h2_stream_abandon(s);
    }
    if (h->block_since && h->block_since + p->block_ms <= now)
        h2_fail(h, BEAM_ETIMEOUT, NGHTTP2_ENHANCE_YOUR_CALM);
    if (h->streams == 0 && h->quiet_since + p->idle_ms <= now)
        h2_fail(h, BEAM_ETIMEOUT, NGHTTP2_NO_ERROR);
    if (h->failed)
        lose_all(h);
    return h->failed;
}

/* ---- birth and end --------------------------------------------------------------------------- */

size_t h2_streams(const struct h2 *h)
{
    return h->streams;
}

bool h2_over(const struct h2 *h)
{
    return !nghttp2_session_want_read(h->session) && !nghttp2_session_want_write(h->session);
}

void h2_end_all(struct h2 *h)
{
    h2_fail(h, BEAM_ECLOSED, NGHTTP2_NO_ERROR);
    lose_all(h);
}

static void set_callbacks(nghttp2_session_callbacks *c)
{
    nghttp2_session_callbacks_set_on_begin_frame_callback(c, on_begin_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(c, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(c, on_header);
    nghttp2_session_callbacks_set_on_invalid_header_callback(c, on_invalid_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(c, on_frame);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(c, on_invalid_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(c, on_content);
    nghttp2_session_callbacks_set_on_stream_close_callback(c, on_close);
    nghttp2_session_callbacks_set_on_frame_send_callback(c, on_sent);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(c, on_not_sent);
    nghttp2_session_callbacks_set_send_data_callback(c, send_content);
}

static int open_session(struct h2 *h)
{
    nghttp2_session_callbacks *callbacks = NULL;
    nghttp2_option *option = NULL;
    int err = nghttp2_session_callbacks_new(&callbacks) | nghttp2_option_new(&option);
    if (err == 0) {
        set_callbacks(callbacks);
        nghttp2_option_set_no_auto_window_update(option, 1);
        nghttp2_option_set_max_send_header_block_length(option, HEADERS_SENT_MAX);
        err = nghttp2_session_server_new2(&h->session, callbacks, h, option);
    }
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_option_del(option);
    return err == 0 ? 0 : BEAM_ENOMEM;
}

static int say_settings(struct h2 *h)
{
    static const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, H2_STREAMS},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, H2_WINDOW},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, H2_REQUEST_LIST_MAX},
        {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1},
    };
    int err = nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, settings,
                                      sizeof(settings) / sizeof(settings[0]));
    if (err == 0)
        err = nghttp2_session_set_local_window_size(h->session, NGHTTP2_FLAG_NONE, 0,
                                                    CONNECTION_WINDOW);
    return err == 0 ? 0 : BEAM_ENOMEM;
}

int h2_new(struct buf_pool *pool, const struct rng *rng, uint64_t now, struct h2 **out)
{
    struct h2 *h = calloc(1, sizeof(*h));
    if (!h)
        return BEAM_ENOMEM;
    h->pool = pool;
    h->rng = rng;
    h->now = h->quiet_since = now;
    h2_guard_init(&h->guard, now);
    TAILQ_INIT(&h->all);
    TAILQ_INIT(&h->waiting);
    buf_init(&h->passed, pool, SIZE_MAX);
    int err = open_session(h);
    if (err == 0)
        err = say_settings(h);
    if (err < 0) {
        h2_free(h);
        return err;
    }
    *out = h;
    return 0;
}

void h2_on_wide(struct h2 *h, bool (*fn)(void *arg, bool more), void *arg)
{
    h->on_wide = fn;
    h->on_wide_arg = arg;
}

void h2_free(struct h2 *h)
{
    struct h2_stream *s;
    if (!h)
        return;
    while ((s = TAILQ_FIRST(&h->all)))
        h2_stream_lose(s, BEAM_ECLOSED);
    nghttp2_session_del(h->session);
    buf_clear(&h->passed);
    h2_request_free(&h->request);
    free(h);
}
