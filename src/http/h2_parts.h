/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of one connection share: http/h2 has the session, http/h2_stream its streams. */
#ifndef BEAM_HTTP_H2_PARTS_H
#define BEAM_HTTP_H2_PARTS_H

#include <nghttp2/nghttp2.h>

#include "http/h2.h"
#include "http/h2_guard.h"

TAILQ_HEAD(h2_list, h2_stream);

enum { H2_RESETS = 64 };

struct h2 {
    nghttp2_session *session;
    struct buf_pool *pool;
    const struct rng *rng;
    uint64_t now;
    int failed;
    struct h2_guard guard;
    struct h2_list all, waiting; /* every stream; those with news */
    size_t streams, wide;
    bool (*on_wide)(void *arg, bool more);
    void *on_wide_arg;
    uint64_t quiet_since; /* the last stream ended */
    /* What is fed: the piece that nghttp2 looks at, and how much of it `feed` has no longer. */
    struct buf *feed;
    const uint8_t *piece;
    size_t piece_len, piece_used;
    struct buf passed;       /* of it, what was no content */
    struct buf *to;          /* h2_send's */
    int32_t last;            /* stream that was begun */
    int32_t ours[H2_RESETS]; /* streams that were reset from here, the last ones */
    size_t resets;
    struct h2_request request; /* whose fields are coming */
    uint64_t block_since;      /* they began to; 0: none are */
    size_t block_size;
};

/* The connection is over, for this reason. */
void h2_fail(struct h2 *h, int err, uint32_t code);
/* A request's fields are there. */
void h2_stream_begin(struct h2 *h, int32_t id, bool ended);
/* Its content: `len` bytes at the head of `from`, or at `data` where that is NULL. */
void h2_stream_content(struct h2_stream *s, struct buf *from, const uint8_t *data, size_t len);
void h2_stream_in_ended(struct h2_stream *s);
/* Its END_STREAM went out. */
void h2_stream_end_gone(struct h2_stream *s);
/* nghttp2 knows it no longer. */
void h2_stream_closed(struct h2_stream *s, uint32_t code);
/* Its client does not read what it was sent. */
void h2_stream_abandon(struct h2_stream *s);
/* Some of `out` went. */
void h2_stream_moved(struct h2_stream *s);
/* For who never heard of it too: it is closed, and gone. */
void h2_stream_lose(struct h2_stream *s, int err);

#endif
