/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "stream/yamux_parts.h"

static struct yamux_stream *of(struct stream *s)
{
    return (struct yamux_stream *)s;
}

/* ---- calls to the owner --------------------------------------------------------------------- */

static void on_call(void *arg)
{
    struct yamux_stream *s = arg;
    unsigned due = s->due;
    s->due = 0;
    if (s->stream.fn)
        s->stream.fn(s->stream.arg, &s->stream, due); /* the last: it may free */
}

static void call(struct yamux_stream *s, unsigned what)
{
    if (!what || s->orphan || s->fresh)
        return;
    s->owed &= ~what;
    s->due |= what;
    loop_post(s->loop, &s->call);
}

void yamux_stream_wake(struct yamux_stream *s, unsigned what)
{
    call(s, s->owed & what);
}

/* ---- reading -------------------------------------------------------------------------------- */

/* A stream's last unread byte keeps a whole block. */
static size_t cost(const struct yamux_stream *s)
{
    size_t len = buf_len(&s->in);
    return len > 0 ? len + BUF_BLOCK_SIZE : 0;
}

void yamux_stream_charge(struct yamux_stream *s)
{
    size_t now = cost(s);
    if (now > s->charged)
        yamux_share_take(&s->y->share, now - s->charged);
    else
        yamux_share_give(&s->y->share, s->charged - now);
    s->charged = now;
}

static void forget_unread(struct yamux_stream *s)
{
    buf_clear(&s->in);
    if (s->y)
        yamux_stream_charge(s);
}

/* Lets the peer send what was read, once that is worth a frame. */
static void grant(struct yamux_stream *s)
{
    struct yamux *y = s->y;
    if (!s->live || s->ended)
        return;
    size_t unread = buf_len(&s->in) + (y->into == s ? y->left : 0); /* of a frame that comes now */
    if (s->window.credit + unread > s->window.size / 2)
        return; /* without a look at the clock */
    size_t ceiling = yamux_share_window(&y->share, y->spec.max_window);
    uint32_t more =
        yamux_window_grant(&s->window, unread, ceiling, y->rtt_us, loop_now_us(y->loop));
    if (more == 0)
        return;
    s->grant_due += more;
    yamux_send_note(s);
    yamux_ping_probe(y);
}

static ssize_t yamux_stream_read(struct stream *stream, struct buf *into, size_t max)
{
    struct yamux_stream *s = of(stream);
    size_t n = buf_len(&s->in), room = buf_room(into);
    if (n == 0 && s->failed)
        return s->failed;
    if (n == 0 && s->ended)
        return BEAM_ECLOSED;
    if (max == 0 || room == 0)
        return BEAM_ELIMIT;
    if (n == 0) {
        s->owed |= STREAM_READABLE;
        return BEAM_EAGAIN;
    }
    if (n > room)
        n = room;
    if (n > max)
        n = max;
    int err = buf_move(into, &s->in, n);
    if (err < 0) {
        s->failed = err;
        if (s->live)
            yamux_stream_refuse(s, err);
        return err;
    }
    if (s->y) {
        yamux_stream_charge(s);
        grant(s);
    }
    return (ssize_t)n;
}

/* ---- writing -------------------------------------------------------------------------------- */

/* Bytes that may be taken now. No more than the peer has room for: where a reader is slow, they
 * wait with the writer, not here. */
static size_t room_to_write(const struct yamux_stream *s)
{
    size_t most = s->y->queued < YAMUX_QUEUED_MAX ? YAMUX_QUEUE_MAX : YAMUX_TURN;
    size_t queued = buf_len(&s->queue), room = queued < most ? most - queued : 0;
    return room < s->credit ? room : s->credit;
}

bool yamux_stream_writable(const struct yamux_stream *s)
{
    return room_to_write(s) > 0 && buf_len(&s->queue) <= YAMUX_QUEUE_MAX / 2;
}

static ssize_t yamux_stream_write(struct stream *stream, struct buf *from)
{
    struct yamux_stream *s = of(stream);
    size_t n = buf_len(from);
    if (s->failed)
        return s->failed;
    if (n == 0)
        return 0;
    if (s->shut)
        return BEAM_ECLOSED;
    size_t room = room_to_write(s);
    if (n > room) {
        n = room;
        s->owed |= STREAM_WRITABLE;
    }
    if (n == 0)
        return BEAM_EAGAIN;
    int err = buf_move(&s->queue, from, n);
    if (err < 0) {
        yamux_stream_refuse(s, err);
        return err;
    }
    s->credit -= (uint32_t)n;
    s->y->queued += n;
    yamux_send_data(s);
    return (ssize_t)n;
}

static size_t yamux_stream_unsent(const struct stream *stream)
{
    return buf_len(&((const struct yamux_stream *)stream)->queue);
}

/* ---- birth and end -------------------------------------------------------------------------- */

static int yamux_stream_shut(struct stream *stream)
{
    struct yamux_stream *s = of(stream);
    if (s->shut || s->failed == BEAM_ECLOSED)
        return 0;
    if (s->failed)
        return s->failed;
    s->shut = true;
    yamux_send_note(s);
    return 0;
}

static void destroy(struct yamux_stream *s)
{
    struct yamux *y = s->y;
    loop_task_cancel(s->loop, &s->call);
    forget_unread(s);
    buf_clear(&s->queue);
    if (y) {
        TAILQ_REMOVE(s->orphan ? &y->orphans : &y->streams, s, all);
        y->opened[s->ours]--;
        if (yamux_streams(y) == 0 && !y->failed) {
            y->idle_due = true;
            yamux_tell(y);
        }
    }
    free(s);
}

/* No owner has it any more. */
static void disown(struct yamux_stream *s)
{
    struct yamux *y = s->y;
    forget_unread(s);
    loop_task_cancel(s->loop, &s->call);
    TAILQ_REMOVE(&y->streams, s, all);
    TAILQ_INSERT_TAIL(&y->orphans, s, all);
    s->orphan = true;
    s->late_at = loop_now(s->loop) + y->spec.linger_ms;
    if (!loop_timer_pending(&y->late))
        loop_timer_set(&y->late, y->spec.linger_ms);
}

void yamux_stream_end(struct yamux_stream *s, int err)
{
    struct yamux *y = s->y;
    uint32_t id = s->id;
    s->live = false;
    (void)map_take(y->ids, &id, sizeof(id));
    if (y->into == s)
        y->into = NULL;
    if (s->ours && !s->acked && !s->syn_due) {
        y->unacked--;
        yamux_send_soon(y);
    }
    yamux_send_forget(s);
    y->queued -= buf_len(&s->queue);
    buf_clear(&s->queue);
    if (s->fresh)
        TAILQ_REMOVE(&y->arrivals, s, turns);
    if (s->fresh || s->orphan) {
        destroy(s);
        return;
    }
    if (err < 0) {
        s->failed = err;
        call(s, STREAM_READABLE | STREAM_WRITABLE);
    }
}

void yamux_stream_refuse(struct yamux_stream *s, int err)
{
    struct yamux *y = s->y;
    uint32_t id = s->id;
    bool announced = !s->syn_due;
    yamux_stream_end(s, err);
    if (announced)
        yamux_send_control(y, YAMUX_WINDOW, YAMUX_RST, id, 0);
}

void yamux_stream_settle(struct yamux_stream *s)
{
    if (s->rude && s->fin_sent)
        yamux_stream_refuse(s, 0);
    else if (s->ended && s->fin_sent)
        yamux_stream_end(s, 0);
}

void yamux_stream_drop(struct yamux_stream *s)
{
    buf_clear(&s->in);
    yamux_stream_charge(s);
    if (s->live) {
        yamux_stream_refuse(s, BEAM_ERESET);
    } else if (!s->failed) {
        s->failed = BEAM_ERESET;
        call(s, STREAM_READABLE | STREAM_WRITABLE);
    }
}

static void yamux_stream_reset(struct stream *stream)
{
    struct yamux_stream *s = of(stream);
    if (s->failed == BEAM_ECLOSED)
        return;
    forget_unread(s);
    s->failed = BEAM_ECLOSED;
    if (s->live)
        yamux_stream_refuse(s, 0);
}

static void yamux_stream_free(struct stream *stream)
{
    struct yamux_stream *s = of(stream);
    if (!s->live) {
        destroy(s);
        return;
    }
    s->rude = buf_len(&s->in) > 0;
    disown(s);
    if (!s->shut) {
        s->shut = true;
        yamux_send_note(s);
    }
    yamux_stream_settle(s);
}

static const struct stream_ops yamux_ops = {
    .kind = "yamux",
    .read = yamux_stream_read,
    .write = yamux_stream_write,
    .shut = yamux_stream_shut,
    .reset = yamux_stream_reset,
    .free = yamux_stream_free,
    .unsent = yamux_stream_unsent,
};

int yamux_stream_new(struct yamux *y, uint32_t id, bool ours, struct yamux_stream **out)
{
    struct yamux_stream *s = calloc(1, sizeof(*s));
    if (!s)
        return BEAM_ENOMEM;
    int err = map_put(y->ids, &id, sizeof(id), s);
    if (err < 0) {
        free(s);
        return err;
    }
    s->stream.ops = &yamux_ops;
    s->y = y;
    s->loop = y->loop;
    s->id = id;
    s->ours = ours;
    s->live = true;
    s->credit = YAMUX_WINDOW_FIRST;
    yamux_window_init(&s->window);
    buf_init(&s->in, loop_pool(y->loop), UINT32_MAX);
    buf_init(&s->queue, loop_pool(y->loop), YAMUX_QUEUE_MAX);
    loop_task_init(&s->call, on_call, s);
    TAILQ_INSERT_TAIL(&y->streams, s, all);
    y->opened[ours]++;
    *out = s;
    return 0;
}
