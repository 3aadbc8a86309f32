/* SPDX-License-Identifier: BSD-3-Clause */
/* One end of a proxy: a stream, what was read from it and what is to be written
 * to it. It remembers what the stream said last, so that it is not asked in vain. */
#ifndef BEAM_PROXY_SIDE_H
#define BEAM_PROXY_SIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "loop/loop.h"
#include "stream/stream.h"

struct side {
    struct stream *stream; /* NULL: none */
    struct buf in, out;
    uint64_t read, written; /* bytes, of all streams it had */
    bool dry, full;         /* a call is owed once there is more, once it takes more */
    bool ended;             /* the peer ended its sending side in order */
};

/* Holds at most `window` bytes each way, and a head more. */
void side_init(struct side *s, struct loop *l, size_t window);
/* Takes the stream over. */
void side_open(struct side *s, struct stream *stream, stream_fn *fn, void *arg);
/* The owner was called: asks again. */
void side_ready(struct side *s, unsigned ready);

/* Reads once: as stream_read; BEAM_ECLOSED also without a stream. */
ssize_t side_fill(struct side *s, size_t max);
/* Writes what is to be written: 0 when all of it went, BEAM_EAGAIN, or as stream_write. */
int side_flush(struct side *s);

/* Ends the stream, hard or in order, and forgets what it held. */
void side_close(struct side *s, bool hard);
/* Gives the stream away, which holds nothing. */
struct stream *side_take(struct side *s);

#endif
