/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A visitor who speaks HTTP/2, on a stream: each of its requests becomes a stream of its own
 * (proxy/h2_exchange) for an engine. One that reads slowly keeps nothing but its own response from
 * being read; the connection, when it does not read at all, has a deadline.
 */
#ifndef BEAM_PROXY_H2_VISITOR_H
#define BEAM_PROXY_H2_VISITOR_H

#include <stdbool.h>

#include "base/rng.h"
#include "loop/loop.h"
#include "stream/stream.h"

struct h2_visitor;

struct h2_visitor_events {
    /* A request, on a stream that is the owner's from here on. False: not taken, and the visitor is
     * told that it may ask again. */
    bool (*request)(void *arg, struct stream *s);
    /* Whether one more request may have H2_WIDE bytes wait for the engine, rather than H2_WINDOW;
     * and not `more`: it has no longer. NULL: it may, as H2_WIDE_MAX at once. */
    bool (*wide)(void *arg, bool more);
    /* Over, and every stream of it was freed; the handle is gone after this call. 0, or why it
     * ended early. */
    void (*done)(void *arg, int err);
    void *arg;
};

/*
 * Takes the stream over, always; `early` (NULL allowed) holds bytes read from it before, and is
 * emptied. `idle_ms`, 0 for 60 s: without a request, and for a visitor to read what it was sent.
 * All events come from the loop. 0 or BEAM_ENOMEM.
 */
int h2_visitor_new(struct loop *l, const struct rng *rng, struct stream *stream, struct buf *early,
                   uint64_t idle_ms, const struct h2_visitor_events *events,
                   struct h2_visitor **out);
/* Says GOAWAY, and closes. Its streams fail; nothing more is called. Not from its own events. NULL
 * allowed. */
void h2_visitor_free(struct h2_visitor *v);

#endif
