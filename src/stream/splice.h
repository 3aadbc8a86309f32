/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A splice carries bytes between two streams, both ways, until both are done:
 * what one end shuts the other sees shut, a reset goes through, and a slow
 * reader stops the far writer. Between two sockets that nobody listens in on,
 * the kernel moves the bytes of a long transfer (splice(2)); else blocks are
 * handed over.
 *
 * When one end fails, what it sent before is still passed on. Once the other
 * end's peer has all of it, at the latest after `linger_ms`, that end is reset;
 * until then what it sends goes nowhere. So the answer of a server that does
 * not read the whole question gets through, and nobody goes on for long talking
 * to somebody who has gone. An end that has gone without failing (stream_gone)
 * leaves the other as long as bytes still move, and `linger_ms` more.
 */
#ifndef BEAM_STREAM_SPLICE_H
#define BEAM_STREAM_SPLICE_H

#include <stdbool.h>

#include "loop/loop.h"
#include "stream/stream.h"

struct splice;

enum splice_side { SPLICE_A = 0, SPLICE_B = 1 };

struct splice_events {
    /*
     * Sees bytes that `from` sent, before they go on; changes nothing. Returns
     * how many of the bytes that follow it need not see (they may then go by
     * the kernel; SPLICE_ALL: never again). NULL: sees nothing.
     */
    uint64_t (*tap)(void *arg, enum splice_side from, const void *data, size_t len);
    /* `from` ended its sending side in order, all passed on. NULL allowed. */
    void (*half)(void *arg, enum splice_side from);
    /* Over: 0 when both sides ended in order, else why the first failed;
     * BEAM_ETIMEOUT when one had gone and the other did not end. Both
     * streams are freed already; the handle is gone after this call. */
    void (*done)(void *arg, int err);
    void *arg;
};
#define SPLICE_ALL UINT64_MAX

struct splice_options {
    const struct splice_events *events; /* copied */
    size_t window;                      /* most bytes held a direction; 0: 256 KiB */
    uint64_t linger_ms;                 /* after one end failed or went; 0: 30 s */
};

/*
 * Takes both streams over, always (on failure they are reset and freed).
 * `head_a` and `head_b` (NULL allowed) hold bytes read from a and b before;
 * they go first, seen by the tap, and are emptied. 0 or BEAM_ENOMEM.
 */
int splice_start(struct loop *l, struct stream *a, struct stream *b, struct buf *head_a,
                 struct buf *head_b, const struct splice_options *options, struct splice **out);
/* Bytes passed on so far that `from` sent. */
uint64_t splice_bytes(const struct splice *s, enum splice_side from);
/* Resets both streams and frees; `done` is not called. May be called from `tap`
 * and `half`. NULL allowed. */
void splice_free(struct splice *s);

#endif
