/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/suite/ragged.h"

struct ragged_stream {
    struct stream stream;
    struct loop *loop;
    struct stream *under;
    struct seed *seed;
    struct loop_task call;
    size_t most;
};

static struct ragged_stream *of(struct stream *s)
{
    return (struct ragged_stream *)s;
}

static size_t piece(struct ragged_stream *r)
{
    return 1 + seed_below(r->seed, r->most);
}

static ssize_t ragged_read(struct stream *s, struct buf *into, size_t max)
{
    struct ragged_stream *r = of(s);
    size_t n = piece(r);
    return stream_read(r->under, into, n < max ? n : max);
}

static void on_call(void *arg)
{
    struct ragged_stream *r = arg;
    if (r->stream.fn)
        r->stream.fn(r->stream.arg, &r->stream, STREAM_WRITABLE);
}

static ssize_t ragged_write(struct stream *s, struct buf *from)
{
    struct ragged_stream *r = of(s);
    struct buf part;
    size_t n = piece(r);
    if (n >= buf_len(from))
        return stream_write(r->under, from);
    buf_init(&part, loop_pool(r->loop), n);
    if (buf_move(&part, from, n) < 0)
        return BEAM_ENOMEM;
    ssize_t taken = stream_write(r->under, &part);
    if (buf_len(&part) == 0)
        loop_post(r->loop, &r->call); /* fewer than were offered: a call is owed */
    /* What was not taken goes back to the head. */
    struct buf rest;
    buf_init(&rest, loop_pool(r->loop), SIZE_MAX);
    int err = buf_move(&rest, &part, buf_len(&part));
    if (err == 0)
        err = buf_move(&rest, from, buf_len(from));
    if (err == 0)
        err = buf_move(from, &rest, buf_len(&rest));
    buf_clear(&part);
    buf_clear(&rest);
    return err < 0 ? err : taken;
}

static int ragged_shut(struct stream *s)
{
    return stream_shut(of(s)->under);
}

static void ragged_reset(struct stream *s)
{
    stream_reset(of(s)->under);
}

static void ragged_free(struct stream *s)
{
    struct ragged_stream *r = of(s);
    loop_task_cancel(r->loop, &r->call);
    stream_free(r->under);
    free(r);
}

static size_t ragged_unsent(const struct stream *s)
{
    return stream_unsent(((const struct ragged_stream *)s)->under);
}

static const struct stream_ops ragged_ops = {
    .kind = "ragged",
    .read = ragged_read,
    .write = ragged_write,
    .shut = ragged_shut,
    .reset = ragged_reset,
    .free = ragged_free,
    .unsent = ragged_unsent,
};

static void on_under(void *arg, struct stream *under, unsigned ready)
{
    struct ragged_stream *r = arg;
    (void)under;
    if (r->stream.fn)
        r->stream.fn(r->stream.arg, &r->stream, ready);
}

struct stream *ragged(struct loop *l, struct stream *under, size_t most, struct seed *seed)
{
    struct ragged_stream *r = calloc(1, sizeof(*r));
    cr_assert_not_null(r);
    *r = (struct ragged_stream){.stream = {.ops = &ragged_ops}, .loop = l, .under = under};
    r->most = most;
    r->seed = seed;
    loop_task_init(&r->call, on_call, r);
    stream_own(under, on_under, r);
    return &r->stream;
}
