/* SPDX-License-Identifier: BSD-3-Clause */
/* Carries an exchange between two streams, until it has come to an end of one kind or another. Each
 * direction goes by strict turns: what was read is passed on, all of it, before more is read. */
#ifndef BEAM_PROXY_CARRY_H
#define BEAM_PROXY_CARRY_H

#include "proxy/exchange.h"
#include "proxy/side.h"

struct carry {
    struct side visitor, backend;
    struct exchange x;
    const struct rewrite *rules; /* borrowed; of an exchange with a backend */
    uint64_t body_max;           /* bytes of a request's body; 0: any */
    bool deaf;                   /* what comes of the request's body goes nowhere */
    size_t dropped;              /* bytes of it that went there */
};

enum carry_end {
    CARRY_WAITS,        /* none yet: a stream will call */
    CARRY_MORE,         /* none yet, and there is more at once: others first */
    CARRY_DONE,         /* the visitor may ask for something else */
    CARRY_LAST,         /* the visitor's connection is to be closed */
    CARRY_SWITCHED,     /* the response is a 101 */
    CARRY_BAD_REQUEST,  /* its body makes no sense */
    CARRY_TOO_LARGE,    /* its body is longer than it may be */
    CARRY_BAD_RESPONSE, /* it makes no sense */
    CARRY_FORBIDDEN,    /* the rules do not allow it */
    CARRY_LOST,         /* the backend ended before its response did */
    CARRY_GONE,         /* the visitor failed, or ended before its request did */
    CARRY_NO_MEMORY
};

void carry_init(struct carry *c, struct loop *l, size_t window, uint64_t body_max);
enum carry_end carry_on(struct carry *c);

/* A response of our own, in place of what a backend would have said. 0 or BEAM_E… */
int carry_answer(struct carry *c, const struct answer *a);
/* Whether all of the request is with the backend. */
bool carry_sent(const struct carry *c);
/* Whether more of the request is waited for. */
bool carry_waits(const struct carry *c);
/* The exchange is over: lets go of it. The backend stays when it can take another, and is closed if
 * not. */
void carry_next(struct carry *c);
/* Whether a kept backend is still good: it has nothing to say, or it is closed. */
bool carry_keeps(struct carry *c);

#endif
