/* SPDX-License-Identifier: BSD-3-Clause */
/* Two yamux sessions that talk with each other, for tests. */
#ifndef BEAM_TESTS_SUITE_MUXED_H
#define BEAM_TESTS_SUITE_MUXED_H

#include "stream/yamux.h"

/* One end, and what it was told. */
struct muxed_end {
    struct loop *loop;
    struct yamux *y;
    struct yamux_spec spec;
    struct stream *opened; /* by the peer, the last; the caller's */
    size_t streams, idles;
    bool away, closed;
    int err; /* of the end */
    struct beam_why why;
    void (*on_stream)(void *arg, struct stream *s); /* instead of `opened`, when set */
    void *arg;
};

struct muxed {
    struct muxed_end dialler, listener;
};

/* Takes `under` over; `e` may hold a spec. */
void muxed_end_open(struct muxed_end *e, struct loop *l, struct stream *under, bool initiator);
void muxed_open(struct muxed *m, struct loop *l, struct stream *a, struct stream *b);
/* A stream opened by `from`, and the end of it that `to` is told of. Asserts that it came. */
void muxed_stream(struct muxed_end *from, struct muxed_end *to, struct stream **near,
                  struct stream **far);
/* Frees the sessions. */
void muxed_close(struct muxed *m);

#endif
