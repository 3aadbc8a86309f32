/* SPDX-License-Identifier: BSD-3-Clause */
/* Does the work that a relay asks (relay/work), a little at a time, beside all else. */
#ifndef BEAM_RELAY_SOLVE_H
#define BEAM_RELAY_SOLVE_H

#include "loop/loop.h"
#include "relay/work.h"

struct solve;

/* From the loop, once; the handle is gone then. */
typedef void solve_fn(void *arg, const uint8_t nonce[WORK_NONCE_SIZE]);

/* 0 or BEAM_ENOMEM. */
int solve_start(struct loop *l, const struct peer_id *owner, const uint8_t seed[WORK_SEED_SIZE],
                unsigned bits, solve_fn *done, void *arg, struct solve **out);
/* NULL allowed. */
void solve_cancel(struct solve *s);

#endif
