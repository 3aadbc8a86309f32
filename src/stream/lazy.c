/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/lazy.h"

#include <stdlib.h>
#include <string.h>

#include "stream/multistream.h"

struct lazy {
    struct stream stream;
    struct stream *under;
    struct multistream *talk; /* until the protocol is agreed on */
    char *protocol;           /* its own, for whoever asked may be gone */
    struct buf in, out;       /* of the negotiation */
    int failed;               /* the answer was a refusal, or none */
    bool shut;                /* once the proposal is out */
};

static struct lazy *of(struct stream *s)
{
    return (struct lazy *)s;
}

static int fail(struct lazy *z, int err)
{
    z->failed = err;
    stream_reset(z->under);
    return err;
}

/* Hands down the proposal, and after it our end. 0, BEAM_EAGAIN or why not. */
static int flush(struct lazy *z)
{
    if (buf_len(&z->out) == 0)
        return 0;
    ssize_t n = stream_write(z->under, &z->out);
    if (n < 0)
        return (int)n;
    if (buf_len(&z->out) > 0)
        return BEAM_EAGAIN;
    return z->shut ? stream_shut(z->under) : 0;
}

/* Takes the peer's answer out. 0, BEAM_EAGAIN or why not. */
static int await(struct lazy *z)
{
    while (z->talk) {
        size_t need = multistream_need(z->talk, &z->in);
        ssize_t n = stream_read(z->under, &z->in, need);
        if (n == BEAM_EAGAIN)
            return BEAM_EAGAIN;
        if (n < 0)
            return fail(z, n == BEAM_ECLOSED ? BEAM_ERESET : (int)n);
        int err = multistream_input(z->talk, &z->in, &z->out);
        if (err < 0 && err != BEAM_EAGAIN)
            return fail(z, err);
        if (err == 0) {
            free(z->talk);
            z->talk = NULL;
        }
    }
    return 0;
}

static ssize_t lazy_read(struct stream *s, struct buf *into, size_t max)
{
    struct lazy *z = of(s);
    if (z->failed)
        return z->failed;
    if (z->talk && (max == 0 || buf_room(into) == 0))
        return BEAM_ELIMIT;
    int err = await(z);
    return err < 0 ? err : stream_read(z->under, into, max);
}

static ssize_t lazy_write(struct stream *s, struct buf *from)
{
    struct lazy *z = of(s);
    if (z->failed)
        return z->failed;
    if (z->shut && buf_len(from) > 0)
        return BEAM_ECLOSED;
    int err = flush(z);
    if (err < 0 && !(err == BEAM_EAGAIN && buf_len(from) == 0))
        return err;
    return stream_write(z->under, from);
}

static int lazy_shut(struct stream *s)
{
    struct lazy *z = of(s);
    if (z->failed)
        return z->failed == BEAM_ECLOSED ? 0 : z->failed;
    z->shut = true;
    return buf_len(&z->out) > 0 ? 0 : stream_shut(z->under);
}

static void lazy_reset(struct stream *s)
{
    struct lazy *z = of(s);
    z->failed = BEAM_ECLOSED;
    stream_reset(z->under);
}

static void lazy_free(struct stream *s)
{
    struct lazy *z = of(s);
    free(z->talk);
    free(z->protocol);
    stream_free(z->under);
    buf_clear(&z->in);
    buf_clear(&z->out);
    free(z);
}

static size_t lazy_unsent(const struct stream *s)
{
    const struct lazy *z = (const struct lazy *)s;
    return z->failed ? 0 : buf_len(&z->out) + stream_unsent(z->under);
}

static bool lazy_gone(const struct stream *s)
{
    return stream_gone(((const struct lazy *)s)->under);
}

static uint64_t lazy_below(const struct stream *s)
{
    return stream_below(((const struct lazy *)s)->under);
}

static const struct stream_ops lazy_ops = {
    .kind = "lazy",
    .read = lazy_read,
    .write = lazy_write,
    .shut = lazy_shut,
    .reset = lazy_reset,
    .free = lazy_free,
    .unsent = lazy_unsent,
    .gone = lazy_gone,
    .below = lazy_below,
};

/* Whoever waits for anything waits for the stream below, so that its calls are passed on; those
 * that are needless do no harm. */
static void on_under(void *arg, struct stream *s, unsigned ready)
{
    struct lazy *z = arg;
    (void)s;
    if (flush(z) == BEAM_EAGAIN)
        ready &= ~(unsigned)STREAM_WRITABLE;
    if (!z->failed)
        (void)await(z);
    if (z->failed)
        ready = STREAM_READABLE | STREAM_WRITABLE;
    if (ready && z->stream.fn)
        z->stream.fn(z->stream.arg, &z->stream, ready); /* the last: it may free */
}

int stream_lazy(struct loop *l, struct stream *under, const char *protocol, struct stream **out)
{
    int err = BEAM_ENOMEM;
    struct lazy *z = calloc(1, sizeof(*z));
    if (!z)
        return BEAM_ENOMEM;
    z->stream.ops = &lazy_ops;
    z->protocol = strdup(protocol);
    buf_init(&z->in, loop_pool(l), MULTISTREAM_MESSAGE_MAX);
    buf_init(&z->out, loop_pool(l), MULTISTREAM_OUT_MAX);
    z->talk = malloc(sizeof(*z->talk));
    if (!z->talk || !z->protocol)
        goto out;
    err = multistream_ask(z->talk, (const char *const *)&z->protocol, 1, &z->out);
    if (err < 0)
        goto out;
    z->under = under;
    stream_own(under, on_under, z);
    /* A failure is found by whoever reads or writes. From now on the stream below calls. */
    (void)flush(z);
    (void)await(z);
    *out = &z->stream;
    return 0;
out:
    free(z->talk);
    free(z->protocol);
    buf_clear(&z->out);
    free(z);
    return err;
}
