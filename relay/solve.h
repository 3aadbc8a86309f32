/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a relay asks of an owner before it grants a new reservation (relay/work): it is done a
 * little at a time, beside all else, and shown once. A relay that is never content, or asks for
 * more than is reasonable, is not worked for.
 */
#ifndef BEAM_RELAY_SOLVE_H
#define BEAM_RELAY_SOLVE_H

#include "loop/loop.h"
#include "relay/reservation.h"
#include "relay/work.h"

enum { SOLVE_TIMES_MAX = 3 }; /* in a row, that it is done for nothing */

struct solve { /* private */
    const struct peer_id *owner;
    uint8_t seed[WORK_SEED_SIZE], nonce[WORK_NONCE_SIZE];
    unsigned bits, times;
    uint64_t next;
    bool solved; /* and not shown yet */
    struct loop_timer timer;
    void (*done)(void *arg);
    void *arg;
};

/* `owner` is borrowed. `done` comes from the loop, when it is to be asked once more. */
void solve_init(struct solve *s, struct loop *l, const struct peer_id *owner,
                void (*done)(void *arg), void *arg);
/* Begins what an answer asks for. False: it asks for no work, or for none that is done. */
bool solve_begin(struct solve *s, const struct reservation_answer *a);
/* Puts what was done into a request, if it is one for a new reservation. */
void solve_show(struct solve *s, struct reservation_request *r);
/* The relay was content. */
void solve_granted(struct solve *s);
/* What is under way is not done. */
void solve_stop(struct solve *s);

#endif
