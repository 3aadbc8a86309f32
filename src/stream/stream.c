/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/stream.h"

ssize_t stream_read(struct stream *s, struct buf *into, size_t max)
{
    return s->ops->read(s, into, max);
}

ssize_t stream_write(struct stream *s, struct buf *from)
{
    return s->ops->write(s, from);
}

int stream_shut(struct stream *s)
{
    return s->ops->shut(s);
}

void stream_reset(struct stream *s)
{
    s->ops->reset(s);
}

size_t stream_unsent(const struct stream *s)
{
    return s->ops->unsent ? s->ops->unsent(s) : 0;
}

uint64_t stream_below(const struct stream *s)
{
    return s->ops->below ? s->ops->below(s) : 0;
}

bool stream_gone(const struct stream *s)
{
    return s->ops->gone && s->ops->gone(s);
}

void stream_free(struct stream *s)
{
    if (s)
        s->ops->free(s);
}

bool stream_can_pipe(const struct stream *s)
{
    return s->ops->to_pipe != NULL;
}

ssize_t stream_to_pipe(struct stream *s, int pipe, size_t max)
{
    return s->ops->to_pipe(s, pipe, max);
}

ssize_t stream_from_pipe(struct stream *s, int pipe, size_t len)
{
    return s->ops->from_pipe(s, pipe, len);
}

const char *stream_kind(const struct stream *s)
{
    return s->ops->kind;
}
