/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/memory.h"

#include <stdlib.h>

struct memory_pair;

struct memory_end {
    struct stream stream;
    struct loop *loop;
    struct memory_pair *pair;
    struct memory_end *peer;
    struct buf sent; /* written here, not yet read there */
    struct loop_task call;
    unsigned owed, due; /* STREAM_… calls that the owner waits for, that are on their way */
    int failed;
    bool shut, freed;
};

struct memory_pair {
    struct memory_end a, b;
};

static struct memory_end *of(struct stream *s)
{
    return (struct memory_end *)s;
}

static void on_call(void *arg)
{
    struct memory_end *e = arg;
    unsigned due = e->due;
    e->due = 0;
    if (e->stream.fn)
        e->stream.fn(e->stream.arg, &e->stream, due); /* the last: it may free */
}

static void call(struct memory_end *e, unsigned what)
{
    if (!what || e->freed)
        return;
    e->owed &= ~what;
    e->due |= what;
    loop_post(e->loop, &e->call);
}

static ssize_t memory_read(struct stream *s, struct buf *into, size_t max)
{
    struct memory_end *e = of(s), *peer = e->peer;
    size_t n = buf_len(&peer->sent), room = buf_room(into);
    if (n == 0 && e->failed)
        return e->failed;
    if (n == 0 && (peer->shut || peer->freed))
        return BEAM_ECLOSED;
    if (max == 0 || room == 0)
        return BEAM_ELIMIT;
    if (n == 0) {
        e->owed |= STREAM_READABLE;
        return BEAM_EAGAIN;
    }
    if (n > room)
        n = room;
    if (n > max)
        n = max;
    int err = buf_move(into, &peer->sent, n);
    if (err < 0)
        return e->failed = err;
    call(peer, peer->owed & STREAM_WRITABLE);
    return (ssize_t)n;
}

static ssize_t memory_write(struct stream *s, struct buf *from)
{
    struct memory_end *e = of(s), *peer = e->peer;
    size_t n = buf_len(from), room = buf_room(&e->sent);
    if (e->failed)
        return e->failed;
    if (n == 0)
        return 0;
    if (e->shut)
        return BEAM_ECLOSED;
    if (peer->freed)
        return e->failed = BEAM_ERESET;
    if (n > room) {
        n = room;
        e->owed |= STREAM_WRITABLE;
    }
    if (n == 0)
        return BEAM_EAGAIN;
    int err = buf_move(&e->sent, from, n);
    if (err < 0)
        return e->failed = err;
    call(peer, peer->owed & STREAM_READABLE);
    return (ssize_t)n;
}

static int memory_shut(struct stream *s)
{
    struct memory_end *e = of(s);
    if (e->shut)
        return 0;
    if (e->failed)
        return e->failed == BEAM_ECLOSED ? 0 : e->failed;
    e->shut = true;
    call(e->peer, e->peer->owed & STREAM_READABLE);
    return 0;
}

static void memory_reset(struct stream *s)
{
    struct memory_end *e = of(s), *peer = e->peer;
    if (e->failed == BEAM_ECLOSED)
        return;
    e->failed = BEAM_ECLOSED;
    buf_clear(&peer->sent); /* what we sent is with the peer already */
    if (!peer->failed && !peer->freed) {
        peer->failed = BEAM_ERESET;
        call(peer, STREAM_READABLE | STREAM_WRITABLE);
    }
}

static void memory_free(struct stream *s)
{
    struct memory_end *e = of(s), *peer = e->peer;
    loop_task_cancel(e->loop, &e->call);
    buf_clear(&peer->sent);
    e->freed = true;
    if (!peer->freed) {
        call(peer, peer->owed);
        return;
    }
    buf_clear(&e->sent);
    free(e->pair);
}

static const struct stream_ops memory_ops = {
    .kind = "memory",
    .read = memory_read,
    .write = memory_write,
    .shut = memory_shut,
    .reset = memory_reset,
    .free = memory_free,
};

static void end_init(struct memory_pair *pair, struct memory_end *e, struct loop *l, size_t window)
{
    e->stream.ops = &memory_ops;
    e->loop = l;
    e->pair = pair;
    e->peer = e == &pair->a ? &pair->b : &pair->a;
    buf_init(&e->sent, loop_pool(l), window);
    loop_task_init(&e->call, on_call, e);
}

int stream_memory(struct loop *l, size_t window, struct stream **a, struct stream **b)
{
    struct memory_pair *pair = calloc(1, sizeof(*pair));
    if (!pair)
        return BEAM_ENOMEM;
    end_init(pair, &pair->a, l, window);
    end_init(pair, &pair->b, l, window);
    *a = &pair->a.stream;
    *b = &pair->b.stream;
    return 0;
}
