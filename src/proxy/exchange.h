/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One request and its response on their way through a proxy: what comes from
 * the visitor goes up, what comes from the backend goes down, both at once. A
 * function of bytes alone: buffers of one pool in, buffers out.
 */
#ifndef BEAM_PROXY_EXCHANGE_H
#define BEAM_PROXY_EXCHANGE_H

#include "base/buf.h"
#include "http/body.h"
#include "http/head.h"
#include "proxy/answer.h"
#include "proxy/gather.h"
#include "proxy/rewrite.h"
#include "proxy/trailers.h"

struct exchange { /* to be read; written by the functions below alone */
    struct http_head request, response;
    bool heard;       /* the request's head is there, and may go on */
    bool begun;       /* the response's head was written: no other can be given */
    bool switched;    /* ... and what follows is another protocol */
    bool close;       /* the visitor's connection ends with this exchange */
    int status;       /* written; 0: none */
    uint64_t in, out; /* bytes of the visitor's that belong to it, and written to the visitor */
    struct http_body up, down;
    /* Private. */
    struct gather asked, answered;
    struct trailers up_trailers, down_trailers;
    enum rewrite_body body;
    uint64_t content; /* bytes of the request's */
    unsigned interim; /* responses before the one that counts */
    bool continued;   /* among them a 100 */
};

/* Zeroes it; nothing is held before the first byte. */
void exchange_init(struct exchange *x, struct buf_pool *pool);
/* Lets go what it holds; it may begin anew. */
void exchange_clear(struct exchange *x);

/* Takes a request's head from `in`: 0, BEAM_EAGAIN (all of `in` was taken), BEAM_ENOMEM; or the
 * status it is refused with, and the connection must end. `body_max` 0: any. */
int exchange_hear(struct exchange *x, struct buf *in, uint64_t body_max);
/* Whether a head has begun to come. */
bool exchange_hearing(const struct exchange *x);

/* Writes the request's head to the backend. 0 or BEAM_E… */
int exchange_ask(struct exchange *x, const struct rewrite *rules, struct buf *out);
/* Moves the request's body. 0; BEAM_ELIMIT: more than body_max; BEAM_EPROTO, BEAM_ENOMEM: it can
 * not be gone on with. */
int exchange_up(struct exchange *x, uint64_t body_max, struct buf *in, struct buf *out);
/* The same, to nobody. Returns how many bytes, or BEAM_E… */
ssize_t exchange_drop(struct exchange *x, struct buf *in);

/* Moves the response, its head included. 0; BEAM_EPROTO (it makes no sense), BEAM_EPOLICY (the
 * rules do not allow it), BEAM_ELIMIT, BEAM_ENOMEM. */
int exchange_down(struct exchange *x, const struct rewrite *rules, struct buf *in, struct buf *out);
/* The backend ended its side: 0 when the response is whole, BEAM_ERESET, BEAM_ENOMEM. */
int exchange_down_ended(struct exchange *x, struct buf *out);
/* A response of our own. The connection goes on when what there is of a body is short. 0 or
 * BEAM_ENOMEM. */
int exchange_answer(struct exchange *x, const struct answer *a, struct buf *out);

/* Both of the response's, and of the request's. */
static inline bool exchange_answered(const struct exchange *x)
{
    return x->begun && x->down.done;
}

/* Whether the backend can take another request after this one. */
bool exchange_backend_lives(const struct exchange *x);
/* Whether it may be asked once more, elsewhere, when a backend was lost before
 * it answered (RFC 9110, 9.2.2): an idempotent method, without a body. */
bool exchange_again(const struct exchange *x);

#endif
