/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What arrives is taken in whatever the streams do: how much of it can pile up
 * is what the windows have granted, and never more than the session's share of
 * memory.
 */
#include "base/log.h"
#include "stream/yamux_parts.h"

enum {
    PER_TURN = YAMUX_READ_MAX, /* bytes, then the streams' owners have their turn */
    SMALL = 4 * 1024,          /* a piece that is copied where it would keep a block for itself */
    REFUSED_MAX = 4096         /* streams in a row */
};

static bool is_ours(const struct yamux *y, uint32_t id)
{
    return (id % 2 == 1) == y->spec.initiator;
}

/* ---- which stream --------------------------------------------------------------------------- */

static int refuse(struct yamux *y, uint32_t id, struct beam_why *why)
{
    if (++y->refused > REFUSED_MAX)
        return beam_why(why, BEAM_EPROTO, "yamux: the peer opens streams for ever: %d were refused",
                        REFUSED_MAX);
    yamux_send_control(y, YAMUX_WINDOW, YAMUX_RST, id, 0);
    return 0;
}

/* The peer opens a stream. *out stays NULL when it is refused. */
static int open_theirs(struct yamux *y, const struct yamux_frame *f, struct yamux_stream **out,
                       struct beam_why *why)
{
    struct yamux_stream *s;
    if (is_ours(y, f->stream))
        return beam_why(why, BEAM_EPROTO, "yamux: the peer opens stream %u: the id is of our half",
                        f->stream);
    if (!yamux_ids_use(&y->theirs, f->stream))
        return beam_why(why, BEAM_EPROTO, "yamux: the peer opens stream %u a second time",
                        f->stream);
    if (f->flags & YAMUX_RST)
        return 0;
    if (!y->events.stream || y->away_sent || y->opened[false] >= y->spec.max_streams)
        return refuse(y, f->stream, why);
    int err = yamux_stream_new(y, f->stream, false, &s);
    if (err < 0)
        return beam_why(why, err, "yamux: %s", beam_err_text(err));
    y->refused = 0;
    s->fresh = true;
    TAILQ_INSERT_TAIL(&y->arrivals, s, turns);
    yamux_tell(y);
    yamux_send_note(s);
    *out = s;
    return 0;
}

/* A frame of no stream that there is: fine when there was one, for it was on its way. */
static int stray(const struct yamux *y, const struct yamux_frame *f, struct beam_why *why)
{
    bool was =
        is_ours(y, f->stream) ? f->stream < y->next_id : yamux_ids_used(&y->theirs, f->stream);
    return was ? 0
               : beam_why(why, BEAM_EPROTO, "yamux: a frame for stream %u, which was never opened",
                          f->stream);
}

static int find(struct yamux *y, const struct yamux_frame *f, struct yamux_stream **out,
                struct beam_why *why)
{
    if (f->flags & YAMUX_SYN)
        return open_theirs(y, f, out, why);
    struct yamux_stream *s = map_get(y->ids, &f->stream, sizeof(f->stream));
    if (!s)
        return stray(y, f, why);
    if (s->syn_due)
        return beam_why(why, BEAM_EPROTO, "yamux: a frame for stream %u, which was never opened",
                        f->stream);
    if (s->ours && !s->acked) {
        s->acked = true;
        y->unacked--;
        yamux_send_soon(y);
    }
    *out = s;
    return 0;
}

/* ---- what it says --------------------------------------------------------------------------- */

/* The peer ends its side: after the data, if some are still to come. */
static void ended(struct yamux_stream *s)
{
    s->ended = true;
    yamux_stream_wake(s, STREAM_READABLE);
    yamux_stream_settle(s);
}

static int data(struct yamux *y, struct yamux_stream *s, const struct yamux_frame *f,
                struct beam_why *why)
{
    uint64_t now = s && s->window.granted_us == 0 ? loop_now_us(y->loop) : 0;
    if (f->length > y->spec.max_window)
        return beam_why(why, BEAM_EPROTO, "yamux: a frame of %u bytes: no window is that large",
                        f->length);
    if (s && s->ended && f->length > 0)
        return beam_why(why, BEAM_EPROTO, "yamux: data of stream %u after its end", s->id);
    if (s && yamux_window_take(&s->window, f->length, now) < 0)
        return beam_why(why, BEAM_EPROTO, "yamux: %u bytes of stream %u, of which %u were granted",
                        f->length, s->id, s->window.credit);
    y->into = s;
    y->left = f->length;
    y->fin_follows = f->length > 0 && (f->flags & YAMUX_FIN);
    return 0;
}

static int window(struct yamux_stream *s, uint32_t more, struct beam_why *why)
{
    if (more > UINT32_MAX - s->credit - (uint32_t)buf_len(&s->queue))
        return beam_why(why, BEAM_EPROTO, "yamux: the window of stream %u overflows", s->id);
    s->credit += more;
    if (!s->shut && yamux_stream_writable(s))
        yamux_stream_wake(s, STREAM_WRITABLE);
    return 0;
}

static int of_stream(struct yamux *y, const struct yamux_frame *f, struct beam_why *why)
{
    struct yamux_stream *s = NULL;
    int err = find(y, f, &s, why);
    if (err == 0 && s && (f->flags & YAMUX_RST)) {
        yamux_stream_end(s, BEAM_ERESET);
        s = NULL;
    }
    if (err == 0 && f->type == YAMUX_DATA)
        err = data(y, s, f, why);
    else if (err == 0 && s)
        err = window(s, f->length, why);
    if (err == 0 && s && (f->flags & YAMUX_FIN) && !(f->type == YAMUX_DATA && f->length > 0))
        ended(s);
    return err;
}

static int away(struct yamux *y, uint32_t code, struct beam_why *why)
{
    switch (code) {
    case YAMUX_NORMAL:
        y->away_got = true;
        yamux_tell(y);
        return 0;
    case YAMUX_PROTOCOL_ERROR:
        return beam_why(why, BEAM_ERESET, "yamux: the peer ends it: it says we broke the protocol");
    case YAMUX_INTERNAL_ERROR:
        return beam_why(why, BEAM_ERESET, "yamux: the peer ends it: an error of its own");
    default:
        return beam_why(why, BEAM_ERESET, "yamux: the peer ends it: code %u", code);
    }
}

static int take_frame(struct yamux *y, struct beam_why *why)
{
    struct yamux_frame f;
    int err = yamux_frame_get(y->head, &f, why);
    if (err < 0)
        return err;
    switch (f.type) {
    case YAMUX_PING:
        if (f.flags == YAMUX_SYN)
            yamux_send_control(y, YAMUX_PING, YAMUX_ACK, 0, f.length);
        else
            yamux_ping_answered(y, f.length);
        return 0;
    case YAMUX_AWAY:
        return away(y, f.length, why);
    default:
        return of_stream(y, &f, why);
    }
}

/* ---- the bytes ------------------------------------------------------------------------------ */

/* Hands the first n bytes that came over to s. Small ones that would wait behind others are copied,
 * side by side: each might be the last of a block that somebody else's bytes filled. */
static int hand_over(struct yamux *y, struct yamux_stream *s, size_t n)
{
    if (n >= SMALL || buf_len(&s->in) == 0)
        return buf_move(&s->in, &y->in, n);
    while (n > 0) {
        struct iovec first;
        (void)buf_iov(&y->in, &first, 1);
        size_t len = first.iov_len < n ? first.iov_len : n;
        int err = buf_add_apart(&s->in, first.iov_base, len);
        if (err < 0)
            return err;
        buf_drain(&y->in, len);
        n -= len;
    }
    return 0;
}

/* Memory is short, and this session has more than its share: what holds most of it goes. */
static void shed(struct yamux *y)
{
    while (yamux_share_over(&y->share)) {
        struct yamux_stream *s, *most = NULL;
        TAILQ_FOREACH(s, &y->streams, all)
        {
            if (!most || s->charged > most->charged)
                most = s;
        }
        if (!most || most->charged == 0)
            return;
        log_info("stream", "yamux: a stream with %zu unread bytes is reset: memory is short",
                 buf_len(&most->in));
        yamux_stream_drop(most);
    }
}

static int take_body(struct yamux *y)
{
    struct yamux_stream *s = y->into;
    size_t n = buf_len(&y->in) < y->left ? buf_len(&y->in) : y->left;
    y->left -= (uint32_t)n;
    if (!s || s->orphan) {
        buf_drain(&y->in, n);
    } else {
        int err = hand_over(y, s, n);
        if (err < 0)
            return err;
        yamux_stream_charge(s);
        yamux_stream_wake(s, STREAM_READABLE);
    }
    if (y->left == 0)
        y->into = NULL;
    if (s && y->left == 0 && y->fin_follows)
        ended(s);
    else if (s && s->orphan) {
        s->rude = true;
        yamux_stream_settle(s);
    }
    shed(y);
    return 0;
}

/* Gathers the next header. Whether it is whole. */
static bool take_head(struct yamux *y)
{
    size_t n = buf_peek(&y->in, 0, y->head + y->head_len, YAMUX_HEAD - y->head_len);
    buf_drain(&y->in, n);
    y->head_len += n;
    if (y->head_len < YAMUX_HEAD)
        return false;
    y->head_len = 0;
    return true;
}

static void take_in(struct yamux *y)
{
    struct beam_why why = {.text = ""};
    int err = 0;
    while (err == 0 && buf_len(&y->in) > 0) {
        if (y->left > 0)
            err = take_body(y);
        else if (take_head(y))
            err = take_frame(y, &why);
    }
    if (err == BEAM_ENOMEM)
        beam_why(&why, err, "yamux: %s", beam_err_text(err));
    if (err < 0)
        yamux_fail(y, err, &why);
}

static void over(struct yamux *y, int err)
{
    struct beam_why why;
    if (err == BEAM_ECLOSED && (y->left > 0 || y->head_len > 0))
        beam_why(&why, err = BEAM_ERESET, "yamux: the connection ends in the midst of a frame");
    else if (err == BEAM_ECLOSED)
        beam_why(&why, err, "yamux: the peer has closed the connection");
    else
        beam_why(&why, err, "yamux: the connection is lost: %s", beam_err_text(err));
    yamux_fail(y, err, &why);
}

void yamux_receive(struct yamux *y)
{
    for (size_t got = 0; !y->failed && got < PER_TURN;) {
        ssize_t n = stream_read(y->under, &y->in, PER_TURN);
        if (n == BEAM_EAGAIN)
            return;
        if (n < 0) {
            over(y, (int)n);
            return;
        }
        got += (size_t)n;
        y->heard = loop_now(y->loop);
        y->taken += (uint64_t)n;
        take_in(y);
    }
    if (!y->failed)
        loop_post(y->loop, &y->receive);
}
