/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/yamux_share.h"

#include <assert.h>

enum { WINDOWS = 8 }; /* that could be full at once */

void yamux_share_take(struct yamux_share *s, size_t bytes)
{
    s->held += bytes;
    s->budget->used += bytes;
}

void yamux_share_give(struct yamux_share *s, size_t bytes)
{
    assert(bytes <= s->held && bytes <= s->budget->used);
    s->held -= bytes;
    s->budget->used -= bytes;
}

static size_t left(const struct yamux_share *s)
{
    return s->budget->total > s->budget->used ? s->budget->total - s->budget->used : 0;
}

bool yamux_share_over(const struct yamux_share *s)
{
    return s->held > s->own && s->held > left(s);
}

size_t yamux_share_window(const struct yamux_share *s, size_t max)
{
    size_t part = left(s) / WINDOWS;
    return part < max ? part : max;
}
