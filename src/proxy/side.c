/* SPDX-License-Identifier: BSD-3-Clause */
#include "proxy/side.h"

#include "proxy/draft.h"

void side_init(struct side *s, struct loop *l, size_t window)
{
    buf_init(&s->in, loop_pool(l), window);
    buf_init(&s->out, loop_pool(l), window + DRAFT_MAX);
}

void side_open(struct side *s, struct stream *stream, stream_fn *fn, void *arg)
{
    s->stream = stream;
    s->dry = s->full = s->ended = false;
    stream_own(stream, fn, arg);
}

void side_ready(struct side *s, unsigned ready)
{
    if (ready & STREAM_READABLE)
        s->dry = false;
    if (ready & STREAM_WRITABLE)
        s->full = false;
}

ssize_t side_fill(struct side *s, size_t max)
{
    if (!s->stream || s->ended)
        return BEAM_ECLOSED;
    if (s->dry)
        return BEAM_EAGAIN;
    ssize_t n = stream_read(s->stream, &s->in, max);
    if (n > 0)
        s->read += (uint64_t)n;
    s->dry = n == BEAM_EAGAIN;
    s->ended = n == BEAM_ECLOSED;
    return n;
}

int side_flush(struct side *s)
{
    if (buf_len(&s->out) == 0)
        return 0;
    if (!s->stream)
        return BEAM_ECLOSED;
    if (s->full)
        return BEAM_EAGAIN;
    ssize_t n = stream_write(s->stream, &s->out);
    if (n > 0)
        s->written += (uint64_t)n;
    if (n < 0 && n != BEAM_EAGAIN)
        return (int)n;
    s->full = buf_len(&s->out) > 0;
    return s->full ? BEAM_EAGAIN : 0;
}

void side_close(struct side *s, bool hard)
{
    buf_clear(&s->in);
    buf_clear(&s->out);
    if (s->stream && hard)
        stream_reset(s->stream);
    stream_free(s->stream);
    s->stream = NULL;
}

struct stream *side_take(struct side *s)
{
    struct stream *stream = s->stream;
    s->stream = NULL;
    stream_own(stream, NULL, NULL);
    return stream;
}
