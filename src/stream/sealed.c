/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/sealed.h"

#include "base/log.h"

enum { READS_MAX = 8 }; /* of the stream below, in one go, when nobody wants its bytes any more */

static struct sealed *of(struct stream *s)
{
    return (struct sealed *)s;
}

static void drop(struct sealed *x)
{
    loop_task_cancel(x->loop, &x->call);
    loop_timer_clear(&x->linger);
    x->ops->drop(x);
}

/* The stream below takes no more; what it has to give may still be read. */
static int fail_writing(struct sealed *x, int err)
{
    if (!x->failed) {
        x->failed = err;
        x->unread = true;
    }
    buf_clear(x->out);
    return x->failed;
}

static int hand_down(struct sealed *x)
{
    ssize_t n = stream_write(x->under, x->out);
    return n < 0 && n != BEAM_EAGAIN ? (int)n : 0;
}

/* Nothing that is still to come can be trusted, or got at. What is sealed (an alert, that tells the
 * peer) goes out first, if it can. */
static int fail_reading(struct sealed *x, int err, const char *reason)
{
    if (reason)
        log_info("stream", "%s: %s; the connection was ended", x->stream.ops->kind, reason);
    if (!x->failed) {
        (void)hand_down(x);
        x->failed = err;
    }
    x->unread = false;
    buf_clear(x->in);
    buf_clear(x->out);
    stream_reset(x->under);
    return x->failed;
}

/* Hands down what is sealed, and after it our end. */
static int flush(struct sealed *x)
{
    int err = hand_down(x);
    if (err == 0 && buf_len(x->out) == 0 && x->shut)
        err = stream_shut(x->under);
    return err < 0 ? fail_writing(x, err) : 0;
}

/* ---- reading -------------------------------------------------------------------------------- */

static int not_read(struct sealed *x, int err, const char *reason)
{
    if (err == BEAM_EAGAIN && !x->failed) {
        x->owed |= STREAM_READABLE;
        return BEAM_EAGAIN;
    }
    if (err == BEAM_ECLOSED)
        x->ended = true;
    if (x->failed)
        return x->failed;
    return err == BEAM_ECLOSED ? err : fail_reading(x, err, reason);
}

ssize_t sealed_read(struct stream *s, struct buf *into, size_t max)
{
    struct sealed *x = of(s);
    const char *reason = NULL;
    if (x->failed && !x->unread)
        return x->failed;
    if (x->ended)
        return x->failed ? x->failed : BEAM_ECLOSED;
    if (max > buf_room(into))
        max = buf_room(into);
    if (max == 0)
        return BEAM_ELIMIT;
    size_t sealed = buf_len(x->out);
    ssize_t n = x->ops->open(x, into, max, &reason);
    if (n == 0) {
        loop_post(x->loop, &x->call);
        n = BEAM_EAGAIN;
    }
    if (n < 0)
        n = not_read(x, (int)n, reason);
    /* The peer may have asked for something that was answered at once. */
    if (!x->failed && buf_len(x->out) > sealed)
        (void)flush(x);
    return n;
}

/* ---- writing -------------------------------------------------------------------------------- */

ssize_t sealed_write(struct stream *s, struct buf *from)
{
    struct sealed *x = of(s);
    size_t taken = 0;
    int err = x->failed;
    if (err == 0 && x->shut && buf_len(from) > 0)
        err = BEAM_ECLOSED;
    if (err == 0)
        err = flush(x); /* even nothing: that tells whether the stream below has failed */
    while (err == 0 && buf_len(from) > 0 && buf_len(x->out) == 0) {
        ssize_t n = x->ops->seal(x, from);
        taken += n > 0 ? (size_t)n : 0;
        err = n < 0 ? fail_writing(x, (int)n) : flush(x);
    }
    if (err < 0)
        return err;
    if (buf_len(from) == 0)
        return (ssize_t)taken;
    x->owed |= STREAM_WRITABLE;
    return taken > 0 ? (ssize_t)taken : BEAM_EAGAIN;
}

/* ---- the stream below calls ----------------------------------------------------------------- */

static void call_owner(struct sealed *x, unsigned what)
{
    x->owed &= ~what;
    if (what && x->stream.fn)
        x->stream.fn(x->stream.arg, &x->stream, what); /* the last: it may free */
}

static void on_call(void *arg)
{
    struct sealed *x = arg;
    call_owner(x, x->owed & STREAM_READABLE);
}

static void on_under(void *arg, struct stream *s, unsigned ready)
{
    struct sealed *x = arg;
    unsigned call = ready & STREAM_READABLE ? x->owed & STREAM_READABLE : 0;
    (void)s;
    if (!x->failed && flush(x) < 0)
        call = STREAM_READABLE | STREAM_WRITABLE;
    else if (buf_len(x->out) == 0)
        call |= x->owed & STREAM_WRITABLE;
    call_owner(x, call);
}

/* ---- its end -------------------------------------------------------------------------------- */

int sealed_shut(struct stream *s)
{
    struct sealed *x = of(s);
    if (x->shut || x->failed == BEAM_ECLOSED)
        return 0;
    if (x->failed)
        return x->failed;
    x->shut = true;
    int err = x->ops->end ? x->ops->end(x) : 0;
    return err < 0 ? fail_writing(x, err) : flush(x);
}

void sealed_reset(struct stream *s)
{
    struct sealed *x = of(s);
    x->failed = BEAM_ECLOSED;
    x->unread = false;
    buf_clear(x->in);
    buf_clear(x->out);
    stream_reset(x->under);
}

/* What still comes is for nobody. It is taken all the same: a peer that is full waits for that
 * before it reads, and a TCP socket that is closed with something unread tells its peer to forget
 * what it was sent. True: there may be more of it. */
static bool discard(struct sealed *x)
{
    ssize_t n = 0;
    for (int i = 0; n >= 0 && i < READS_MAX; i++) {
        buf_clear(x->in);
        n = stream_read(x->under, x->in, buf_room(x->in));
    }
    buf_clear(x->in);
    return n >= 0;
}

static void on_linger(void *arg)
{
    struct sealed *x = arg;
    if (discard(x))
        loop_post(x->loop, &x->call);
    if (flush(x) == 0 && buf_len(x->out) > 0)
        return;
    loop_last_remove(&x->last);
    drop(x);
}

static void on_linger_ready(void *arg, struct stream *s, unsigned ready)
{
    (void)s;
    (void)ready;
    on_linger(arg);
}

static void on_linger_end(void *arg)
{
    struct sealed *x = arg;
    stream_reset(x->under);
    loop_last_remove(&x->last);
    drop(x);
}

static void on_last(void *arg)
{
    drop(arg);
}

void sealed_free(struct stream *s)
{
    struct sealed *x = of(s);
    if (!x->failed && sealed_shut(s) == 0)
        (void)discard(x); /* a peer that never read has the other's first bytes unread */
    if (x->failed || buf_len(x->out) == 0) {
        drop(x);
        return;
    }
    loop_task_cancel(x->loop, &x->call);
    loop_task_init(&x->call, on_linger, x);
    loop_post(x->loop, &x->call);
    stream_own(x->under, on_linger_ready, x);
    loop_timer_set(&x->linger, SEALED_LINGER_MS);
    loop_last_add(x->loop, &x->last, on_last, x);
}

size_t sealed_unsent(const struct stream *s)
{
    const struct sealed *x = (const struct sealed *)s;
    return x->failed ? 0 : buf_len(x->out) + stream_unsent(x->under);
}

bool sealed_gone(const struct stream *s)
{
    return stream_gone(((const struct sealed *)s)->under);
}

void sealed_start(struct sealed *x, const struct stream_ops *stream_ops,
                  const struct sealed_ops *ops)
{
    x->stream.ops = stream_ops;
    x->ops = ops;
    loop_task_init(&x->call, on_call, x);
    loop_timer_init(x->loop, &x->linger, on_linger_end, x);
    stream_own(x->under, on_under, x);
}
