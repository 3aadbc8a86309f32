/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The streaming HTTP/1.1 proxy (RFC 9110, 9112): between a visitor's stream and
 * the backends that its owner names, a request at a time. Each request's head
 * is judged (proxy/request), its owner is asked where it goes, and it goes on
 * as proxy/rewrite writes it; so does its response. Bodies are handed over as
 * they come, both ways at once, and a slow reader stops the far writer. Both
 * connections outlive a request where both sides let them.
 *
 * What could be read in two ways is refused: 400 to the visitor, 502 where it
 * was the backend's. A connection that can be trusted no more is closed after
 * its last answer, in order, so that the answer arrives. Trailers go on where
 * they may (proxy/trailers), interim responses (1xx) do, and after a 101 that was asked for the two
 * streams are spliced.
 */
#ifndef BEAM_PROXY_ENGINE_H
#define BEAM_PROXY_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "http/head.h"
#include "loop/loop.h"
#include "proxy/answer.h"
#include "proxy/rewrite.h"
#include "stream/stream.h"

struct engine;

struct engine_limits {    /* 0: the value named */
    uint64_t head_ms;     /* 10 s: for a request's head, from its first byte to its last */
    uint64_t idle_ms;     /* 60 s: between requests, and for bytes that must come or go */
    uint64_t rate;        /* 500 bytes a second: at which a request's body must come, after 30 s,
                             and what there is of an answer be taken, in each idle_ms */
    uint64_t response_ms; /* 60 s: for the backend to answer a request it has: 504 */
    uint64_t silence_ms;  /* 1 h: in a response, and after a 101, without a byte either way */
    uint64_t body_max;    /* any: bytes of a request's body; 413 */
    size_t window;        /* 256 KiB: most bytes held a direction */
};

enum { ENGINE_TARGET_MAX = 2048 }; /* bytes of a request's target that a record keeps */

struct engine_record {           /* a request, and what became of it */
    const char *method, *target; /* as they came, the target cut; "" both: what followed a 101 */
    int status;                  /* 0: none was sent */
    uint64_t ms;                 /* from the head's first byte to the response's last */
    uint64_t in, out;            /* bytes from the visitor and to it, heads included */
};

struct engine_events {
    /*
     * Where does this request go? To be answered by engine_forward or
     * engine_answer, once, in this call or later; for how long one may wait is
     * the owner's to say. `head` is borrowed until the answer. `kept`: a backend
     * of an earlier request of this visitor is still there for engine_forward.
     * A request that the kept one turned out not to have taken is asked for
     * again, without.
     */
    void (*ask)(void *arg, const struct http_head *head, bool kept);
    /* The request is over. NULL allowed. */
    void (*record)(void *arg, const struct engine_record *r);
    /* The backend can take another request: true when its stream is the owner's from here on, to
     * be given to any engine's forward later. NULL: it is kept, for this visitor. */
    bool (*spare)(void *arg, struct stream *backend);
    /* Over, also while a question is open: 0, or why it ended early. Both streams are freed
     * already; the handle is gone after this call. */
    void (*done)(void *arg, int err);
    void *arg;
};

/*
 * Takes the visitor's stream over, always (on failure it is reset and freed).
 * `early` (NULL allowed) holds bytes read from it before, and is emptied. All
 * events come from the loop. Limits and events are copied. 0 or BEAM_ENOMEM.
 */
int engine_new(struct loop *l, struct stream *visitor, struct buf *early,
               const struct engine_limits *limits, const struct engine_events *events,
               struct engine **out);

/*
 * The question's answer: to this backend, taken over always; NULL: to the kept
 * one. `rules` and what it points to are borrowed until the next question or
 * `done`.
 */
void engine_forward(struct engine *e, struct stream *backend, const struct rewrite *rules);
/* The same to one that has served requests before, of this visitor or another: it is asked for
 * again as a kept one is. */
void engine_forward_used(struct engine *e, struct stream *backend, const struct rewrite *rules);
/* The question's answer: this response, copied; its body is not sent to a HEAD. The visitor's
 * connection goes on where the request had no body, or a short one. */
void engine_answer(struct engine *e, const struct answer *a);

/* Bytes from the visitor so far, and to it. In `done` too. */
void engine_bytes(const struct engine *e, uint64_t *in, uint64_t *out);
/* Resets what is open; nothing more is called. Not from its own events. NULL allowed. */
void engine_free(struct engine *e);

#endif
