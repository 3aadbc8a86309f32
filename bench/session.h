/* SPDX-License-Identifier: BSD-3-Clause */
/* A yamux session over Noise, as figures are taken with: who the peer is does not matter. */
#ifndef BEAM_BENCH_SESSION_H
#define BEAM_BENCH_SESSION_H

#include "stream/yamux.h"

struct session {
    struct loop *loop;
    struct yamux *y;
    void (*on_stream)(void *arg, struct stream *s); /* NULL: kept in `opened` */
    void *arg;
    struct stream *opened;
    bool idle; /* the last stream has ended, or the session */
};

/* Takes `under` over, and runs the loop until the session is there. */
void session_open(struct session *s, struct loop *l, struct stream *under, bool initiator);
/* The same over a connected socket. */
void session_over(struct session *s, struct loop *l, int fd, bool initiator);
/* One stream of a session of its own, for bench/pump. The session lasts as long as the process. */
struct stream *session_stream(struct loop *l, struct stream *under, bool sends);

#endif
