/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/ahead.h"

#include <stdlib.h>

struct ahead {
    struct stream base;
    struct stream *under;
    struct buf first;
    bool reset; /* what was read before is lost, as what is on its way is */
};

static struct ahead *of(struct stream *s)
{
    return (struct ahead *)s;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static ssize_t read_first(struct ahead *a, struct buf *into, size_t max)
{
    size_t n = least(least(max, buf_room(into)), buf_len(&a->first));
    if (n == 0)
        return BEAM_ELIMIT;
    int err = buf_move(into, &a->first, n);
    return err < 0 ? err : (ssize_t)n;
}

static ssize_t read_on(struct stream *s, struct buf *into, size_t max)
{
    struct ahead *a = of(s);
    if (buf_len(&a->first) > 0 && !a->reset)
        return read_first(a, into, max);
    return stream_read(a->under, into, max);
}

static ssize_t write_on(struct stream *s, struct buf *from)
{
    return stream_write(of(s)->under, from);
}

static int shut(struct stream *s)
{
    return stream_shut(of(s)->under);
}

static void reset(struct stream *s)
{
    struct ahead *a = of(s);
    a->reset = true;
    stream_reset(a->under);
}

static void free_both(struct stream *s)
{
    struct ahead *a = of(s);
    stream_free(a->under);
    buf_clear(&a->first);
    free(a);
}

static size_t unsent(const struct stream *s)
{
    return stream_unsent(((const struct ahead *)s)->under);
}

static bool gone(const struct stream *s)
{
    return stream_gone(((const struct ahead *)s)->under);
}

static const struct stream_ops ops = {
    .kind = "ahead",
    .read = read_on,
    .write = write_on,
    .shut = shut,
    .reset = reset,
    .free = free_both,
    .unsent = unsent,
    .gone = gone,
};

static void on_ready(void *arg, struct stream *under, unsigned ready)
{
    struct ahead *a = arg;
    (void)under;
    if (a->base.fn)
        a->base.fn(a->base.arg, &a->base, ready);
}

int stream_ahead(struct stream *under, struct buf *first, struct stream **out)
{
    struct ahead *a = calloc(1, sizeof(*a));
    if (!a)
        return BEAM_ENOMEM;
    a->base.ops = &ops;
    a->under = under;
    buf_init(&a->first, first->pool, buf_len(first));
    int err = buf_move(&a->first, first, buf_len(first));
    if (err < 0) {
        free(a);
        return err;
    }
    stream_own(under, on_ready, a);
    *out = &a->base;
    return 0;
}
