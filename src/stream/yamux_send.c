/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whose turn it is: first what the session itself has to say, then the words of
 * streams (more window, an acknowledgement, an end), which are few and let the peer go on,
 * then data, a turn of each stream that has some. All that there is goes down in
 * one write, as far as `under` takes it; what does not fit there stays with the
 * streams, where it can still be overtaken.
 */
#include <assert.h>

#include "stream/record.h"
#include "stream/yamux_parts.h"

enum {
    TURN_ALONE = RECORD_PLAIN_BULK - YAMUX_HEAD, /* with its head, a record of Noise below */
    CONTROL_MAX = 64 * 1024,            /* of a peer that makes us answer and does not read */
    OUT_ENOUGH = 4 * RECORD_PLAIN_BULK, /* bytes a write */
    OUT_MAX = OUT_ENOUGH + CONTROL_MAX + TURN_ALONE + 2 * YAMUX_HEAD
};

static_assert((int)TURN_ALONE >= (int)YAMUX_TURN, "the longest turn");

void yamux_send_init(struct yamux *y)
{
    buf_init(&y->control, loop_pool(y->loop), CONTROL_MAX);
    buf_init(&y->out, loop_pool(y->loop), OUT_MAX);
}

void yamux_send_soon(struct yamux *y)
{
    if (!y->blocked && !y->failed)
        loop_post(y->loop, &y->send);
}

static int add_head(struct buf *to, enum yamux_type type, unsigned flags, uint32_t stream,
                    uint32_t length)
{
    uint8_t head[YAMUX_HEAD];
    yamux_frame_put(&(struct yamux_frame){type, flags, stream, length}, head);
    return buf_add(to, head, sizeof(head));
}

void yamux_send_control(struct yamux *y, enum yamux_type type, unsigned flags, uint32_t stream,
                        uint32_t length)
{
    if (y->failed)
        return;
    int err = add_head(&y->control, type, flags, stream, length);
    if (err < 0)
        y->choked = err; /* the caller may hold streams: the session fails when it sends */
    y->blocked = y->blocked && !y->choked;
    yamux_send_soon(y);
}

/* ---- who waits ------------------------------------------------------------------------------ */

void yamux_send_note(struct yamux_stream *s)
{
    if (!s->live || s->syn_due || s->noted)
        return;
    s->noted = true;
    TAILQ_INSERT_TAIL(&s->y->notes, s, note);
    yamux_send_soon(s->y);
}

void yamux_send_data(struct yamux_stream *s)
{
    s->y->opening |= s->syn_due;
    if (s->syn_due || s->ready || buf_len(&s->queue) == 0)
        return;
    s->ready = true;
    TAILQ_INSERT_TAIL(&s->y->turns, s, turns);
    yamux_send_soon(s->y);
}

void yamux_send_announce(struct yamux_stream *s)
{
    s->syn_due = s->y->opening = true;
    TAILQ_INSERT_TAIL(&s->y->waiting, s, note);
    yamux_send_soon(s->y);
}

void yamux_send_forget(struct yamux_stream *s)
{
    struct yamux *y = s->y;
    if (s->syn_due)
        TAILQ_REMOVE(&y->waiting, s, note);
    if (s->noted)
        TAILQ_REMOVE(&y->notes, s, note);
    if (s->ready)
        TAILQ_REMOVE(&y->turns, s, turns);
    s->syn_due = s->noted = s->ready = false;
}

/* ---- one thing said ------------------------------------------------------------------------- */

static int announce(struct yamux *y, struct yamux_stream *s)
{
    TAILQ_REMOVE(&y->waiting, s, note);
    s->syn_due = false;
    y->unacked++;
    int err = add_head(&y->out, YAMUX_WINDOW, YAMUX_SYN, s->id, 0);
    yamux_send_data(s);
    if (s->shut)
        yamux_send_note(s);
    return err;
}

/* An end is a frame of its own: some peers lose data that come with one. */
static int say(struct yamux *y, struct yamux_stream *s)
{
    int err = 0;
    bool ack = !s->ours && !s->acked;
    TAILQ_REMOVE(&y->notes, s, note);
    s->noted = false;
    if (ack || s->grant_due > 0)
        err = add_head(&y->out, YAMUX_WINDOW, ack ? YAMUX_ACK : 0, s->id, s->grant_due);
    s->acked |= ack;
    s->grant_due = 0;
    if (err < 0 || !s->shut || s->fin_sent || buf_len(&s->queue) > 0)
        return err;
    s->fin_sent = true;
    err = add_head(&y->out, YAMUX_WINDOW, YAMUX_FIN, s->id, 0);
    yamux_stream_settle(s);
    return err;
}

static int take_turn(struct yamux *y, struct yamux_stream *s)
{
    bool alone = !TAILQ_NEXT(s, turns);
    size_t n = buf_len(&s->queue), most = alone ? TURN_ALONE : YAMUX_TURN;
    if (n > most)
        n = most;
    TAILQ_REMOVE(&y->turns, s, turns);
    s->ready = false;
    int err = add_head(&y->out, YAMUX_DATA, 0, s->id, (uint32_t)n);
    if (err == 0)
        err = buf_move(&y->out, &s->queue, n);
    if (err < 0)
        return err;
    y->queued -= n;
    yamux_send_data(s);
    if (s->shut && buf_len(&s->queue) == 0)
        yamux_send_note(s);
    if (yamux_stream_writable(s))
        yamux_stream_wake(s, STREAM_WRITABLE);
    return 0;
}

/* 1 when something was said, 0 when there is nothing more, or BEAM_E… */
static int say_one(struct yamux *y)
{
    struct yamux_stream *s;
    int err = 0;
    if (buf_len(&y->control) > 0)
        err = buf_move(&y->out, &y->control, buf_len(&y->control));
    else if ((s = TAILQ_FIRST(&y->waiting)) && y->unacked < YAMUX_UNACKED_MAX)
        err = announce(y, s);
    else if ((s = TAILQ_FIRST(&y->notes)))
        err = say(y, s);
    else if ((s = TAILQ_FIRST(&y->turns)))
        err = take_turn(y, s);
    else
        return 0;
    return err < 0 ? err : 1;
}

static int gather(struct yamux *y)
{
    int more = 1;
    if (y->choked)
        return y->choked;
    while (more > 0 && buf_len(&y->out) < OUT_ENOUGH)
        more = say_one(y);
    return more < 0 ? more : 0;
}

/* ---- the write ------------------------------------------------------------------------------ */

static void choke(struct yamux *y, int err)
{
    struct beam_why why;
    beam_why(&why, err, "yamux: %s",
             err == BEAM_ELIMIT ? "the peer makes us answer and does not read the answers"
                                : beam_err_text(err));
    yamux_fail(y, err, &why);
}

/* `under` takes no more, or has failed; in that case reading it tells why, after what had come. */
static void stop(struct yamux *y, ssize_t n)
{
    y->blocked = true;
    if (n < 0 && n != BEAM_EAGAIN)
        loop_post(y->loop, &y->receive);
    else if (n > 0 || !loop_timer_pending(&y->stall))
        loop_timer_set(&y->stall, y->spec.stall_ms);
}

void yamux_send(struct yamux *y)
{
    if (y->blocked || y->failed)
        return;
    for (;;) {
        int err = gather(y);
        if (err < 0) {
            choke(y, err);
            return;
        }
        if (buf_len(&y->out) == 0)
            break;
        ssize_t n = stream_write(y->under, &y->out);
        y->given += n > 0 ? (uint64_t)n : 0;
        if (buf_len(&y->out) > 0) {
            stop(y, n);
            return;
        }
    }
    loop_timer_clear(&y->stall);
}
