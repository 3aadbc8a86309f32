/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The head of a message off a stream's bytes, in one piece. One that comes at
 * once stays where it is; one that trickles in is copied together, so that what
 * it costs is bounded by its own length. Pure.
 */
#ifndef BEAM_PROXY_GATHER_H
#define BEAM_PROXY_GATHER_H

#include "base/buf.h"
#include "http/head.h"

struct gather {      /* private */
    struct buf held; /* the head, when it came at once */
    char *text;      /* or what came of it so far, and then all of it */
    size_t len, room, seen;
};

void gather_init(struct gather *g, struct buf_pool *pool);
/* Lets the head go; the next may begin. */
void gather_clear(struct gather *g);

/*
 * Takes the head at the start of `in` and parses it; what follows it stays in
 * `in`. Returns its length; `out` and what it points to are good until
 * gather_clear. BEAM_EAGAIN: all of `in` was taken, and more is needed. As soon
 * as it shows, BEAM_EPROTO: this is no such head; BEAM_ELIMIT: it is too long;
 * BEAM_ENOMEM.
 */
int gather_head(struct gather *g, struct buf *in, enum http_kind kind, struct http_head *out);

/* Whether a head has begun. */
bool gather_begun(const struct gather *g);

#endif
