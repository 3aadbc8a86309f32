/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Visits that come while an endpoint is being checked (relay/proof, relay/port_proof): each is held
 * until it is known whether it is the question of the check, or whose answer is on its way.
 */
#ifndef BEAM_RELAY_CALLERS_H
#define BEAM_RELAY_CALLERS_H

#include "loop/loop.h"
#include "stream/stream.h"

struct caller {
    struct caller *next, **link;
    struct callers *all;
    struct stream *stream;
    struct buf in, out;
    struct loop_task more; /* a fresh stream owes no call */
    bool asked;            /* it was the question: nobody else gets it */
};

struct callers { /* embedded; `first` is private */
    struct loop *loop;
    /* There may be something to read, or room. */
    void (*ready)(void *arg, struct caller *c);
    /* One that did not ask; the stream is the callee's. */
    void (*visitor)(void *arg, struct stream *s);
    void *arg, *visitor_arg;
    struct caller *first;
};

/* Takes the stream over; what it may hold, of what it says and is told. */
void callers_add(struct callers *cs, struct stream *s, size_t in_max, size_t out_max);
/* Those that did not ask are handed on, the others closed. */
void callers_end(struct callers *cs);

/* It did not ask: `visitor` gets it, with what it has said so far. */
void caller_hand_on(struct caller *c);
void caller_close(struct caller *c);
/* Writes what there is: how much the last time, or BEAM_E… */
ssize_t caller_flush(struct caller *c);

#endif
