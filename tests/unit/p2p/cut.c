/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/p2p/cut.h"

#include <stdlib.h>

struct cut {
    struct stream stream;
    struct stream *under;
    size_t left;
    bool torn;
};

static struct cut *of(struct stream *s)
{
    return (struct cut *)s;
}

/* Counts what passed; when that was the last, there is no more. */
static ssize_t passed(struct cut *c, ssize_t n)
{
    if (n <= 0)
        return n;
    if ((size_t)n < c->left) {
        c->left -= (size_t)n;
        return n;
    }
    c->torn = true;
    stream_reset(c->under);
    return BEAM_ERESET;
}

static ssize_t cut_read(struct stream *s, struct buf *into, size_t max)
{
    struct cut *c = of(s);
    return c->torn ? BEAM_ERESET : passed(c, stream_read(c->under, into, max));
}

static ssize_t cut_write(struct stream *s, struct buf *from)
{
    struct cut *c = of(s);
    return c->torn ? BEAM_ERESET : passed(c, stream_write(c->under, from));
}

static int cut_shut(struct stream *s)
{
    struct cut *c = of(s);
    return c->torn ? BEAM_ERESET : stream_shut(c->under);
}

static void cut_reset(struct stream *s)
{
    of(s)->torn = true;
    stream_reset(of(s)->under);
}

static void cut_free(struct stream *s)
{
    stream_free(of(s)->under);
    free(s);
}

static const struct stream_ops ops = {
    .kind = "cut",
    .read = cut_read,
    .write = cut_write,
    .shut = cut_shut,
    .reset = cut_reset,
    .free = cut_free,
};

static void on_under(void *arg, struct stream *under, unsigned ready)
{
    struct cut *c = arg;
    (void)under;
    if (c->stream.fn)
        c->stream.fn(c->stream.arg, &c->stream, ready);
}

struct stream *cut_after(struct stream *under, size_t bytes)
{
    struct cut *c = calloc(1, sizeof(*c));
    if (!c) {
        stream_free(under);
        return NULL;
    }
    *c = (struct cut){.stream = {.ops = &ops}, .under = under, .left = bytes};
    stream_own(under, on_under, c);
    return &c->stream;
}
