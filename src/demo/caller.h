/* SPDX-License-Identifier: BSD-3-Clause */
/* Somebody without Tor, who fetches a URL on this machine. */
#ifndef BEAM_DEMO_CALLER_H
#define BEAM_DEMO_CALLER_H

#include "base/buf.h"
#include "base/err.h"
#include "loop/loop.h"

struct caller;

enum { CALLER_ANSWER_MAX = 1024 * 1024, CALLER_FETCH_MS = 15 * 1000 };

/* 0 and every byte until the other end closed, borrowed, and how long it took; or why not. Once,
 * from the loop; the handle is gone then. */
typedef void caller_fn(void *arg, int err, const struct beam_why *why, const struct buf *answer,
                       uint64_t ms);

/* Of "http://127.0.0.1:PORT/PATH". 0; BEAM_EINVAL (another URL), BEAM_ENOMEM, …, with words. */
int caller_fetch(struct loop *l, const char *url, caller_fn *done, void *arg, struct caller **out,
                 struct beam_why *why);
/* NULL allowed. */
void caller_cancel(struct caller *c);

#endif
