/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/tls_stream.h"

#include <openssl/err.h>
#include <stdlib.h>

#include "base/log.h"

enum {
    READS_MAX = 8,       /* of the stream below, when nobody wants its bytes any more */
    PIECES = 4,          /* of a buf, that one read fills */
    SMALL = 4096,        /* pieces below this are put together before they are sealed */
    READ_MAX = 64 * 1024 /* bytes of one read */
};

struct tls_stream {
    struct stream stream;
    struct loop *loop;
    struct tls_wire *wire;
    struct loop_task call;
    struct loop_timer linger;
    struct loop_last last;
    unsigned owed;    /* STREAM_… calls that the owner waits for */
    int failed;       /* 0, or why the stream is dead */
    bool unread;      /* with `failed`: what arrived before may still be read */
    bool ended, shut; /* the peer's sending side, ours */
};

static struct tls_stream *of(struct stream *s)
{
    return (struct tls_stream *)s;
}

static void drop(struct tls_stream *t)
{
    loop_task_cancel(t->loop, &t->call);
    loop_timer_clear(&t->linger);
    tls_wire_free(t->wire);
    free(t);
}

/* The stream below takes no more; what it has to give may still be read. */
static int fail_writing(struct tls_stream *t, int err)
{
    if (!t->failed) {
        t->failed = err;
        t->unread = true;
    }
    buf_clear(&t->wire->out);
    return t->failed;
}

/* Nothing that is still to come can be trusted, or got at. What OpenSSL has to say about it (an
 * alert) goes out first, if it can. */
static int fail_reading(struct tls_stream *t, int err, const char *reason)
{
    if (reason)
        log_info("stream", "tls: %s; the connection was ended", reason);
    if (!t->failed) {
        (void)tls_wire_flush(t->wire);
        t->failed = err;
    }
    t->unread = false;
    buf_clear(&t->wire->in);
    buf_clear(&t->wire->out);
    stream_reset(t->wire->under);
    return t->failed;
}

/* Hands down what is sealed, and after it our end. */
static int flush(struct tls_stream *t)
{
    int err = tls_wire_flush(t->wire);
    if (err < 0)
        return fail_writing(t, err);
    if (buf_len(&t->wire->out) > 0 || !t->shut)
        return 0;
    err = stream_shut(t->wire->under);
    return err < 0 ? fail_writing(t, err) : 0;
}

/* ---- reading -------------------------------------------------------------------------------- */

static int not_read(struct tls_stream *t, int ret)
{
    const char *reason;
    int err = tls_wire_error(t->wire, ret, &reason);
    if (err == BEAM_EAGAIN && !t->failed) {
        t->owed |= STREAM_READABLE;
        if (t->wire->turns == 0)
            loop_post(t->loop, &t->call);
        return BEAM_EAGAIN;
    }
    if (err == BEAM_ECLOSED)
        t->ended = true;
    if (t->failed)
        return t->failed;
    return err == BEAM_ECLOSED ? err : fail_reading(t, err, reason);
}

/* Opens records into these pieces. Bytes, or why there are none. */
static ssize_t open_records(struct tls_stream *t, const struct iovec *piece, int count)
{
    size_t total = 0;
    tls_wire_begin(t->wire);
    for (int i = 0; i < count; i++) {
        size_t filled = 0, n;
        while (filled < piece[i].iov_len) {
            int ret = SSL_read_ex(t->wire->ssl, (uint8_t *)piece[i].iov_base + filled,
                                  piece[i].iov_len - filled, &n);
            if (ret != 1 && total > 0)
                return (ssize_t)total; /* OpenSSL says so again when it is asked again */
            if (ret != 1)
                return not_read(t, ret);
            filled += n;
            total += n;
        }
    }
    return (ssize_t)total;
}

static ssize_t tls_read(struct stream *s, struct buf *into, size_t max)
{
    struct tls_stream *t = of(s);
    struct iovec piece[PIECES];
    int count = PIECES;
    if (t->failed && !t->unread)
        return t->failed;
    if (t->ended)
        return t->failed ? t->failed : BEAM_ECLOSED;
    if (max > buf_room(into))
        max = buf_room(into);
    if (max > READ_MAX)
        max = READ_MAX;
    if (max == 0)
        return BEAM_ELIMIT;
    int err = buf_prepare(into, max, piece, &count);
    if (err < 0)
        return fail_reading(t, err, NULL);
    ssize_t n = open_records(t, piece, count);
    buf_commit(into, n > 0 ? (size_t)n : 0);
    /* The peer may have asked for something that OpenSSL answers by itself. */
    if (!t->failed && buf_len(&t->wire->out) > 0)
        (void)flush(t);
    return n;
}

/* ---- writing -------------------------------------------------------------------------------- */

/* One record of what is at the head of `from`. Bytes, or why it failed. */
static ssize_t seal_record(struct tls_stream *t, struct buf *from)
{
    uint8_t together[TLS_WIRE_RECORD];
    struct iovec piece;
    size_t n;
    (void)buf_iov(from, &piece, 1);
    if (piece.iov_len < SMALL && piece.iov_len < buf_len(from)) {
        piece.iov_len = buf_peek(from, 0, together, sizeof(together));
        piece.iov_base = together;
    }
    if (piece.iov_len > TLS_WIRE_RECORD)
        piece.iov_len = TLS_WIRE_RECORD;
    tls_wire_begin(t->wire);
    int ret = SSL_write_ex(t->wire->ssl, piece.iov_base, piece.iov_len, &n);
    if (ret != 1)
        return tls_wire_error(t->wire, ret, NULL);
    buf_drain(from, n);
    return (ssize_t)n;
}

static ssize_t seal_batch(struct tls_stream *t, struct buf *from)
{
    size_t taken = 0;
    while (buf_len(from) > 0 && buf_len(&t->wire->out) < TLS_WIRE_BATCH) {
        ssize_t n = seal_record(t, from);
        if (n < 0)
            return fail_writing(t, n == BEAM_EAGAIN ? BEAM_EPROTO : (int)n);
        taken += (size_t)n;
    }
    return (ssize_t)taken;
}

static ssize_t tls_write(struct stream *s, struct buf *from)
{
    struct tls_stream *t = of(s);
    size_t taken = 0;
    int err = t->failed;
    if (err == 0 && t->shut && buf_len(from) > 0)
        err = BEAM_ECLOSED;
    if (err == 0)
        err = flush(t); /* even nothing: that tells whether the stream below has failed */
    if (err < 0)
        return err;
    while (buf_len(from) > 0 && buf_len(&t->wire->out) == 0) {
        ssize_t n = seal_batch(t, from);
        if (n < 0)
            return n;
        taken += (size_t)n;
        err = flush(t);
        if (err < 0)
            return err;
    }
    if (buf_len(from) == 0)
        return (ssize_t)taken;
    t->owed |= STREAM_WRITABLE;
    return taken > 0 ? (ssize_t)taken : BEAM_EAGAIN;
}

/* ---- the stream below calls ----------------------------------------------------------------- */

static void call_owner(struct tls_stream *t, unsigned what)
{
    t->owed &= ~what;
    if (what && t->stream.fn)
        t->stream.fn(t->stream.arg, &t->stream, what); /* the last: it may free */
}

static void on_call(void *arg)
{
    struct tls_stream *t = arg;
    call_owner(t, t->owed & STREAM_READABLE);
}

static void on_under(void *arg, struct stream *s, unsigned ready)
{
    struct tls_stream *t = arg;
    unsigned call = ready & STREAM_READABLE ? t->owed & STREAM_READABLE : 0;
    (void)s;
    if (!t->failed && flush(t) < 0)
        call = STREAM_READABLE | STREAM_WRITABLE;
    else if (buf_len(&t->wire->out) == 0)
        call |= t->owed & STREAM_WRITABLE;
    call_owner(t, call);
}

/* ---- its end -------------------------------------------------------------------------------- */

static int tls_shut(struct stream *s)
{
    struct tls_stream *t = of(s);
    if (t->shut || t->failed == BEAM_ECLOSED)
        return 0;
    if (t->failed)
        return t->failed;
    t->shut = true;
    tls_wire_begin(t->wire);
    int ret = SSL_shutdown(t->wire->ssl); /* writes close_notify; 0: the peer's is still to come */
    if (ret < 0)
        return fail_writing(t, tls_wire_error(t->wire, ret, NULL));
    return flush(t);
}

static void tls_reset(struct stream *s)
{
    struct tls_stream *t = of(s);
    t->failed = BEAM_ECLOSED;
    t->unread = false;
    buf_clear(&t->wire->in);
    buf_clear(&t->wire->out);
    stream_reset(t->wire->under);
}

/* What still comes is for nobody. It is taken all the same: a peer that is full waits for that
 * before it reads, and a TCP socket that is closed with something unread tells its peer to forget
 * what it was sent. True: there may be more of it. */
static bool discard(struct tls_stream *t)
{
    for (int i = 0; i < READS_MAX; i++) {
        buf_clear(&t->wire->in);
        if (stream_read(t->wire->under, &t->wire->in, TLS_WIRE_READ) < 0)
            return false;
    }
    buf_clear(&t->wire->in);
    return true;
}

static void on_linger(void *arg)
{
    struct tls_stream *t = arg;
    if (discard(t))
        loop_post(t->loop, &t->call);
    if (flush(t) == 0 && buf_len(&t->wire->out) > 0)
        return;
    loop_last_remove(&t->last);
    drop(t);
}

static void on_linger_ready(void *arg, struct stream *s, unsigned ready)
{
    (void)s;
    (void)ready;
    on_linger(arg);
}

static void on_linger_end(void *arg)
{
    struct tls_stream *t = arg;
    stream_reset(t->wire->under);
    loop_last_remove(&t->last);
    drop(t);
}

static void on_last(void *arg)
{
    drop(arg);
}

static void tls_free(struct stream *s)
{
    struct tls_stream *t = of(s);
    if (!t->failed && tls_shut(s) == 0)
        (void)discard(t); /* a client that never read has the server's tickets unread */
    if (t->failed || buf_len(&t->wire->out) == 0) {
        drop(t);
        return;
    }
    loop_task_cancel(t->loop, &t->call);
    loop_task_init(&t->call, on_linger, t);
    loop_post(t->loop, &t->call);
    stream_own(t->wire->under, on_linger_ready, t);
    loop_timer_set(&t->linger, TLS_STREAM_LINGER_MS);
    loop_last_add(t->loop, &t->last, on_last, t);
}

static size_t tls_unsent(const struct stream *s)
{
    const struct tls_stream *t = (const struct tls_stream *)s;
    return t->failed ? 0 : buf_len(&t->wire->out) + stream_unsent(t->wire->under);
}

static bool tls_gone(const struct stream *s)
{
    return stream_gone(((const struct tls_stream *)s)->wire->under);
}

static const struct stream_ops tls_ops = {
    .kind = "tls",
    .read = tls_read,
    .write = tls_write,
    .shut = tls_shut,
    .reset = tls_reset,
    .free = tls_free,
    .unsent = tls_unsent,
    .gone = tls_gone,
};

int stream_tls(struct loop *l, struct tls_wire *w, struct stream **out)
{
    struct tls_stream *t = calloc(1, sizeof(*t));
    if (!t)
        return BEAM_ENOMEM;
    t->stream.ops = &tls_ops;
    t->loop = l;
    t->wire = w;
    loop_task_init(&t->call, on_call, t);
    loop_timer_init(l, &t->linger, on_linger_end, t);
    stream_own(w->under, on_under, t);
    *out = &t->stream;
    return 0;
}
