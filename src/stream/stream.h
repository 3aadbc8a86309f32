/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The byte stream: the only byte pipe of the program. Sockets, memory pairs,
 * connections through Tor's SOCKS port and all that is stacked on them are
 * each a struct stream, and whoever uses one sees only this.
 *
 * Both directions are independent. Reading ends with BEAM_ECLOSED when the
 * peer has shut its sending side and everything was read; writing goes on.
 * A stream fails as a whole: after a negative code other than BEAM_EAGAIN and
 * a read's BEAM_ECLOSED and BEAM_ELIMIT, both directions are dead, and every
 * call gives that code. One thing is saved: after a failed write, what had arrived before may
 * still be read.
 *
 * Readiness is edge-triggered. After a read returned BEAM_EAGAIN, the owner is
 * called with STREAM_READABLE once there is something to read (bytes, the end
 * or a failure). After a write took less than it was offered, the owner is
 * called with STREAM_WRITABLE once it will take more, or has failed. A fresh
 * stream owes a call for neither: its owner starts by trying. A failure that
 * comes while no call is owed (a reset while the owner has no room to read) is
 * called out too. Calls that turn out to be needless are allowed; calls from
 * within a stream_… call are not: the owner is always called from the loop. An
 * owner that stops early without having seen BEAM_EAGAIN posts itself a task to
 * go on.
 */
#ifndef BEAM_STREAM_STREAM_H
#define BEAM_STREAM_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

struct stream;

enum stream_ready { STREAM_READABLE = 1, STREAM_WRITABLE = 2 };
typedef void stream_fn(void *arg, struct stream *s, unsigned ready);

/* What a kind of stream provides. Contracts as of the functions below. */
struct stream_ops {
    const char *kind; /* "tcp", "unix", "memory" */
    ssize_t (*read)(struct stream *s, struct buf *into, size_t max);
    ssize_t (*write)(struct stream *s, struct buf *from);
    int (*shut)(struct stream *s);
    void (*reset)(struct stream *s);
    void (*free)(struct stream *s);
    size_t (*unsent)(const struct stream *s);  /* NULL: always 0 */
    bool (*gone)(const struct stream *s);      /* NULL: never known */
    uint64_t (*below)(const struct stream *s); /* NULL: it does not count */
    /* Both or neither (NULL). */
    ssize_t (*to_pipe)(struct stream *s, int pipe, size_t max);
    ssize_t (*from_pipe)(struct stream *s, int pipe, size_t len);
};

/* Embedded first in each kind's own struct. */
struct stream {
    const struct stream_ops *ops;
    stream_fn *fn;
    void *arg;
};

/* Who is called about readiness; NULL: nobody. May change at any time. */
static inline void stream_own(struct stream *s, stream_fn *fn, void *arg)
{
    s->fn = fn;
    s->arg = arg;
}

/*
 * Appends up to min(max, room of `into`) bytes. Returns how many (> 0),
 * BEAM_EAGAIN, BEAM_ECLOSED at the peer's end, BEAM_ELIMIT when max or the
 * room is 0, BEAM_ERESET, BEAM_ETIMEOUT, BEAM_EIO, BEAM_ENOMEM; of a stream that is
 * stacked on another, BEAM_EPROTO when the bytes of that one broke its protocol.
 */
ssize_t stream_read(struct stream *s, struct buf *into, size_t max);

/*
 * Takes bytes from the head of `from`, as many as the stream will have: all
 * (then `from` is empty) or fewer, BEAM_EAGAIN when none. Returns how many, or
 * BEAM_ERESET (the peer reads no more), BEAM_ECLOSED (shut before), BEAM_ETIMEOUT,
 * BEAM_EIO. An empty `from` gives 0, or the failure of a stream that has failed.
 */
ssize_t stream_write(struct stream *s, struct buf *from);

/* Half-close: no more writes; the peer reads to the end. 0 or BEAM_E… Once more is 0. */
int stream_shut(struct stream *s);

/* Ends both directions at once and tells the peer so (a TCP RST): what was
 * not delivered yet is lost. Both directions then give BEAM_ECLOSED here. */
void stream_reset(struct stream *s);

/* Bytes written that have not reached the peer yet: those that a reset would
 * lose. An estimate from above; 0 once the stream has failed. */
size_t stream_unsent(const struct stream *s);

/* Whether the peer has closed both directions, so that it reads no more: known
 * of unix sockets alone (a TCP peer's close looks like its half-close). */
bool stream_gone(const struct stream *s);

/* Closes in order whatever was not shut or reset, and frees. NULL allowed.
 * May be called from the owner's call. */
void stream_free(struct stream *s);

/* Of one that is stacked on another and counts: the bytes that this one's have become there, in the
 * direction that had more. Of others 0. */
uint64_t stream_below(const struct stream *s);

/*
 * Where a stream's bytes are a descriptor's bytes (tcp, unix), the kernel can
 * move them through a pipe, unseen. to_pipe is a read of up to max bytes into
 * an empty, non-blocking pipe; from_pipe is a write of the len bytes that are
 * in one. Both answer and owe calls as stream_read and stream_write do; to_pipe
 * also BEAM_EINVAL when the kernel will not, which is no failure of the stream.
 */
bool stream_can_pipe(const struct stream *s);
ssize_t stream_to_pipe(struct stream *s, int pipe, size_t max);
ssize_t stream_from_pipe(struct stream *s, int pipe, size_t len);

const char *stream_kind(const struct stream *s);

#endif
