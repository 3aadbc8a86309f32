/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What streams have in common whose bytes travel sealed over another: stream/noise_stream and
 * stream/tls_stream, which say how a batch is sealed and opened. Here is the rest: who is called
 * and when, failures, and both ends.
 *
 * Bytes are sealed when the stream below has taken all that was sealed before, so that what waits
 * is one batch. Freed with such a batch in hand, a stream goes on by itself until the one below has
 * taken it, for SEALED_LINGER_MS at most.
 */
#ifndef BEAM_STREAM_SEALED_H
#define BEAM_STREAM_SEALED_H

#include "loop/loop.h"
#include "stream/stream.h"

enum { SEALED_LINGER_MS = 10000 };

struct sealed;

struct sealed_ops {
    /* Opens up to `max` bytes (> 0), which `into` has room for. How many; 0, when there are none
     * yet and the stream below may have more at once; BEAM_EAGAIN, when it has nothing now;
     * BEAM_ECLOSED at the peer's end; or why nothing that is still to come is of use, and the word
     * for it, static, in `reason`, which is NULL before. */
    ssize_t (*open)(struct sealed *x, struct buf *into, size_t max, const char **reason);
    /* Seals a batch from the head of `from`, which is not empty, into `out`, which is. How many
     * bytes (> 0), or why it failed. */
    ssize_t (*seal)(struct sealed *x, struct buf *from);
    /* Seals our end. 0 or why it failed. NULL: it has no form of its own. */
    int (*end)(struct sealed *x);
    /* Frees everything, the stream below too. */
    void (*drop)(struct sealed *x);
};

/* Embedded first in each kind's own struct, zeroed. */
struct sealed {
    struct stream stream;
    const struct sealed_ops *ops;
    struct loop *loop;
    struct stream *under;
    struct buf *in, *out; /* as it was read; sealed, not yet taken by the stream below */
    struct loop_task call;
    struct loop_timer linger;
    struct loop_last last;
    unsigned owed;    /* STREAM_… calls that the owner waits for */
    int failed;       /* 0, or why the stream is dead */
    bool unread;      /* with `failed`: what arrived before may still be read */
    bool ended, shut; /* the peer's sending side, ours */
};

/* Becomes the owner of the stream below. `loop`, `under`, `in` and `out` are set before. */
void sealed_start(struct sealed *x, const struct stream_ops *stream_ops,
                  const struct sealed_ops *ops);

/* A kind's stream_ops; `counts` is its `below`. */
#define SEALED_STREAM_OPS(name, counts)                                                            \
    {                                                                                              \
        .kind = (name), .read = sealed_read, .write = sealed_write, .shut = sealed_shut,           \
        .reset = sealed_reset, .free = sealed_free, .unsent = sealed_unsent, .gone = sealed_gone,  \
        .below = (counts)                                                                          \
    }
ssize_t sealed_read(struct stream *s, struct buf *into, size_t max);
ssize_t sealed_write(struct stream *s, struct buf *from);
int sealed_shut(struct stream *s);
void sealed_reset(struct stream *s);
void sealed_free(struct stream *s);
size_t sealed_unsent(const struct stream *s);
bool sealed_gone(const struct stream *s);

#endif
