/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/sealed.h"

#include <stdlib.h>

#include "base/log.h"

enum { READS_MAX = 8 }; /* of records that are all empty, in one go */

struct sealed {
    struct stream stream;
    struct loop *loop;
    struct stream *under;
    struct record *seals, *opens;
    struct buf in, plain; /* as it was read; opened, not yet taken */
    struct buf out;       /* sealed, not yet taken by the stream below */
    struct loop_task call;
    struct loop_timer linger;
    struct loop_last last;
    unsigned owed;    /* STREAM_… calls that the owner waits for */
    int failed;       /* 0, or why the stream is dead */
    bool unread;      /* with `failed`: what arrived before may still be read */
    bool ended, shut; /* the peer's sending side, ours */
};

static struct sealed *of(struct stream *s)
{
    return (struct sealed *)s;
}

static void sealed_drop(struct sealed *k)
{
    loop_task_cancel(k->loop, &k->call);
    loop_timer_clear(&k->linger);
    stream_free(k->under);
    record_free(k->seals);
    record_free(k->opens);
    buf_clear(&k->in);
    buf_clear(&k->plain);
    buf_clear(&k->out);
    free(k);
}

/* The stream below takes no more; what it has to give may still be read. */
static int fail_writing(struct sealed *k, int err)
{
    if (!k->failed) {
        k->failed = err;
        k->unread = true;
    }
    buf_clear(&k->out);
    return k->failed;
}

/* Nothing that is still to come can be trusted, or got at. */
static int fail_reading(struct sealed *k, int err, const char *reason)
{
    if (reason)
        log_info("stream", "noise: %s; the connection was ended", reason);
    if (!k->failed)
        k->failed = err;
    k->unread = false;
    buf_clear(&k->in);
    buf_clear(&k->out);
    stream_reset(k->under);
    return k->failed;
}

/* ---- reading -------------------------------------------------------------------------------- */

/* Opens what is whole, until there are `want` bytes. */
static int open_records(struct sealed *k, size_t want)
{
    while (buf_len(&k->plain) < want) {
        ssize_t n = record_open(k->opens, &k->in, &k->plain);
        if (n == BEAM_EAGAIN || n == BEAM_ELIMIT)
            break;
        if (n == BEAM_EPROTO)
            return fail_reading(k, BEAM_EPROTO,
                                "a record is not authentic, or not the one that was due");
        if (n < 0)
            return fail_reading(k, (int)n, NULL);
    }
    return buf_len(&k->plain) > 0 ? 0 : BEAM_EAGAIN;
}

/* The stream below has ended, failed, or has nothing now. */
static int nothing_below(struct sealed *k, int err)
{
    if (err == BEAM_EAGAIN && !k->failed) {
        k->owed |= STREAM_READABLE;
        return BEAM_EAGAIN;
    }
    if (k->failed || err == BEAM_EAGAIN)
        return k->failed;
    if (err != BEAM_ECLOSED)
        return fail_reading(k, err, NULL);
    if (buf_len(&k->in) > 0)
        return fail_reading(k, BEAM_ERESET, "the peer's bytes end in the midst of a record");
    k->ended = true;
    return BEAM_ECLOSED;
}

/* Sees to it that there is something in `plain`, or tells why not. */
static int fill(struct sealed *k, size_t want)
{
    for (int i = 0; i < READS_MAX; i++) {
        int err = open_records(k, want);
        if (err != BEAM_EAGAIN)
            return err;
        ssize_t n = stream_read(k->under, &k->in, SEALED_READ_MAX);
        if (n < 0)
            return nothing_below(k, (int)n);
    }
    k->owed |= STREAM_READABLE;
    loop_post(k->loop, &k->call);
    return BEAM_EAGAIN;
}

static ssize_t sealed_read(struct stream *s, struct buf *into, size_t max)
{
    struct sealed *k = of(s);
    int err = 0;
    if (max > buf_room(into))
        max = buf_room(into);
    if (buf_len(&k->plain) == 0) {
        if (k->failed && !k->unread)
            return k->failed;
        if (k->ended)
            return k->failed ? k->failed : BEAM_ECLOSED;
        if (max > 0)
            err = fill(k, max);
    }
    if (err < 0)
        return err;
    if (max == 0)
        return BEAM_ELIMIT;
    size_t n = buf_len(&k->plain) < max ? buf_len(&k->plain) : max;
    err = buf_move(into, &k->plain, n);
    return err < 0 ? fail_reading(k, err, NULL) : (ssize_t)n;
}

/* ---- writing -------------------------------------------------------------------------------- */

/* Hands down what is sealed, and after it our end. */
static int flush(struct sealed *k)
{
    ssize_t n = stream_write(k->under, &k->out);
    if (n < 0 && n != BEAM_EAGAIN)
        return fail_writing(k, (int)n);
    if (buf_len(&k->out) > 0 || !k->shut)
        return 0;
    int err = stream_shut(k->under);
    return err < 0 ? fail_writing(k, err) : 0;
}

/* Seals a batch. Returns how many bytes of `from` are in it. */
static ssize_t seal_records(struct sealed *k, struct buf *from)
{
    size_t taken = 0;
    while (buf_len(from) > 0) {
        ssize_t n = record_seal(k->seals, from, &k->out);
        if (n == BEAM_ELIMIT)
            break;
        if (n < 0)
            return fail_writing(k, (int)n);
        taken += (size_t)n;
    }
    return (ssize_t)taken;
}

static ssize_t sealed_write(struct stream *s, struct buf *from)
{
    struct sealed *k = of(s);
    size_t taken = 0;
    int err = k->failed;
    if (err == 0 && k->shut && buf_len(from) > 0)
        err = BEAM_ECLOSED;
    if (err == 0)
        err = flush(k); /* even nothing: that tells whether the stream below has failed */
    if (err < 0)
        return err;
    while (buf_len(from) > 0 && buf_len(&k->out) == 0) {
        ssize_t n = seal_records(k, from);
        if (n < 0)
            return n;
        taken += (size_t)n;
        err = flush(k);
        if (err < 0)
            return err;
    }
    if (buf_len(from) == 0)
        return (ssize_t)taken;
    k->owed |= STREAM_WRITABLE;
    return taken > 0 ? (ssize_t)taken : BEAM_EAGAIN;
}

/* ---- the stream below calls ----------------------------------------------------------------- */

static void call_owner(struct sealed *k, unsigned what)
{
    k->owed &= ~what;
    if (what && k->stream.fn)
        k->stream.fn(k->stream.arg, &k->stream, what); /* the last: it may free */
}

static void on_call(void *arg)
{
    struct sealed *k = arg;
    call_owner(k, k->owed & STREAM_READABLE);
}

static void on_under(void *arg, struct stream *s, unsigned ready)
{
    struct sealed *k = arg;
    unsigned call = ready & STREAM_READABLE ? k->owed & STREAM_READABLE : 0;
    (void)s;
    if (!k->failed && flush(k) < 0)
        call = STREAM_READABLE | STREAM_WRITABLE;
    else if (buf_len(&k->out) == 0)
        call |= k->owed & STREAM_WRITABLE;
    call_owner(k, call);
}

/* ---- its end -------------------------------------------------------------------------------- */

static int sealed_shut(struct stream *s)
{
    struct sealed *k = of(s);
    if (k->shut || k->failed == BEAM_ECLOSED)
        return 0;
    if (k->failed)
        return k->failed;
    k->shut = true;
    return flush(k);
}

static void sealed_reset(struct stream *s)
{
    struct sealed *k = of(s);
    k->failed = BEAM_ECLOSED;
    k->unread = false;
    buf_clear(&k->in);
    buf_clear(&k->plain);
    buf_clear(&k->out);
    stream_reset(k->under);
}

/* What still comes is for nobody. It is taken all the same: a peer that is full waits for that
 * before it reads, and a TCP socket that is closed with something unread tells its peer to forget
 * what it was sent. */
static void discard(struct sealed *k)
{
    for (int i = 0; i < READS_MAX; i++) {
        if (stream_read(k->under, &k->in, SEALED_READ_MAX) < 0)
            return;
        buf_clear(&k->in);
    }
    loop_post(k->loop, &k->call);
}

static void on_linger(void *arg)
{
    struct sealed *k = arg;
    discard(k);
    if (flush(k) == 0 && buf_len(&k->out) > 0)
        return;
    loop_last_remove(&k->last);
    sealed_drop(k);
}

static void on_linger_ready(void *arg, struct stream *s, unsigned ready)
{
    (void)s;
    (void)ready;
    on_linger(arg);
}

static void on_linger_end(void *arg)
{
    struct sealed *k = arg;
    stream_reset(k->under);
    loop_last_remove(&k->last);
    sealed_drop(k);
}

static void on_last(void *arg)
{
    sealed_drop(arg);
}

static void sealed_free(struct stream *s)
{
    struct sealed *k = of(s);
    if (k->failed || flush(k) < 0 || buf_len(&k->out) == 0) {
        sealed_drop(k);
        return;
    }
    loop_task_cancel(k->loop, &k->call);
    buf_clear(&k->in);
    buf_clear(&k->plain);
    loop_task_init(&k->call, on_linger, k);
    loop_post(k->loop, &k->call);
    stream_own(k->under, on_linger_ready, k);
    loop_timer_set(&k->linger, SEALED_LINGER_MS);
    loop_last_add(k->loop, &k->last, on_last, k);
}

static size_t sealed_unsent(const struct stream *s)
{
    const struct sealed *k = (const struct sealed *)s;
    return k->failed ? 0 : buf_len(&k->out) + stream_unsent(k->under);
}

static bool sealed_gone(const struct stream *s)
{
    return stream_gone(((const struct sealed *)s)->under);
}

static const struct stream_ops sealed_ops = {
    .kind = "noise",
    .read = sealed_read,
    .write = sealed_write,
    .shut = sealed_shut,
    .reset = sealed_reset,
    .free = sealed_free,
    .unsent = sealed_unsent,
    .gone = sealed_gone,
};

int stream_sealed(struct loop *l, struct stream *under, const struct noise *n, struct stream **out)
{
    struct sealed *k = calloc(1, sizeof(*k));
    if (!k)
        return BEAM_ENOMEM;
    int err = record_new(noise_send_key(n), true, &k->seals);
    if (err == 0)
        err = record_new(noise_receive_key(n), false, &k->opens);
    if (err < 0) {
        record_free(k->seals);
        free(k);
        return err;
    }
    k->stream.ops = &sealed_ops;
    k->loop = l;
    k->under = under;
    buf_init(&k->in, loop_pool(l), SEALED_READ_MAX);
    buf_init(&k->plain, loop_pool(l), SEALED_READ_MAX);
    buf_init(&k->out, loop_pool(l), SEALED_BATCH_MAX);
    loop_task_init(&k->call, on_call, k);
    loop_timer_init(l, &k->linger, on_linger_end, k);
    stream_own(under, on_under, k);
    *out = &k->stream;
    return 0;
}
