/* SPDX-License-Identifier: BSD-3-Clause */
/* Dials a target: its addresses one after the other, until one answers. */
#ifndef BEAM_TUNNEL_REACH_H
#define BEAM_TUNNEL_REACH_H

#include "loop/loop.h"
#include "policy/permit.h"
#include "stream/stream.h"
#include "tunnel/target.h"

struct reach;

/* 0 and the stream, the callee's; or the first address's BEAM_E…. The handle is gone. */
typedef void reach_fn(void *arg, int err, struct stream *s);

/* `timeout` in ms for all addresses together. `fn` is called once, later, unless it is cancelled.
 * `permit` and `target` are borrowed until then. 0 or BEAM_ENOMEM. */
int reach_start(struct loop *l, const struct permit *permit, const struct target *target,
                uint64_t timeout, reach_fn *fn, void *arg, struct reach **out);
/* NULL allowed. */
void reach_cancel(struct reach *r);

#endif
