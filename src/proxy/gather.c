/* SPDX-License-Identifier: BSD-3-Clause */
#include "proxy/gather.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

enum {
    ROOM_MIN = 1024,
    LOOK_MAX = 1024 /* bytes by which what is no head shows */
};

void gather_init(struct gather *g, struct buf_pool *pool)
{
    *g = (struct gather){.len = 0};
    buf_init(&g->held, pool, HTTP_HEAD_MAX);
}

void gather_clear(struct gather *g)
{
    buf_clear(&g->held);
    free(g->text);
    g->text = NULL;
    g->len = g->room = g->seen = 0;
}

bool gather_begun(const struct gather *g)
{
    return g->len > 0;
}

/* A head that lies in one piece: no byte of it is copied. */
static int take_whole(struct gather *g, struct buf *in, enum http_kind kind, struct http_head *out)
{
    struct iovec first;
    size_t seen = 0;
    if (buf_iov(in, &first, 1) == 0)
        return BEAM_EAGAIN;
    int len = http_head_find(first.iov_base, first.iov_len, &seen);
    if (len < 0)
        return len;
    int err = http_head_parse(first.iov_base, (size_t)len, kind, out);
    if (err >= 0)
        err = buf_move(&g->held, in, (size_t)len);
    return err < 0 ? err : len;
}

static int make_room(struct gather *g, size_t want)
{
    size_t room = g->room ? g->room : ROOM_MIN;
    while (room < want)
        room *= 2;
    if (room == g->room)
        return 0;
    char *text = realloc(g->text, room);
    if (!text)
        return BEAM_ENOMEM;
    g->text = text;
    g->room = room;
    return 0;
}

/* Copies of `in` what may belong to the head. */
static int copy(struct gather *g, struct buf *in)
{
    size_t room = HTTP_HEAD_MAX - g->len, n = buf_len(in) < room ? buf_len(in) : room;
    int err = make_room(g, g->len + n);
    if (err == 0)
        g->len += buf_peek(in, 0, g->text + g->len, n);
    return err;
}

int gather_head(struct gather *g, struct buf *in, enum http_kind kind, struct http_head *out)
{
    if (buf_len(in) == 0)
        return BEAM_EAGAIN;
    int len = g->len == 0 ? take_whole(g, in, kind, out) : BEAM_EAGAIN;
    if (len != BEAM_EAGAIN)
        return len;
    size_t before = g->len;
    int err = copy(g, in);
    if (err < 0)
        return err;
    len = http_head_find(g->text, g->len, &g->seen);
    if (len >= 0 || (len == BEAM_EAGAIN && before < LOOK_MAX))
        err = http_head_parse(g->text, len >= 0 ? (size_t)len : g->len, kind, out);
    if (len >= 0 && err >= 0)
        buf_drain(in, (size_t)len - before);
    else if (len == BEAM_EAGAIN && (err == 0 || err == BEAM_EAGAIN))
        buf_drain(in, g->len - before);
    else
        return err < 0 ? err : len;
    return len;
}
