/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Visitors whom tor announces by a line (tor/proxy_line.h): it is read and taken off, and each is
 * handed on with a tag of its circuit. A tag is the same for all streams of one circuit, and is a
 * keyed hash, so that it says neither how many circuits there were nor, to another tunnel or at
 * another time, which it was.
 */
#ifndef BEAM_PATH_ARRIVALS_H
#define BEAM_PATH_ARRIVALS_H

#include "base/rng.h"
#include "loop/loop.h"
#include "stream/stream.h"

struct arrivals;

enum { ARRIVALS_TAG_SIZE = 9 }; /* 8 letters or digits */

/* The stream is the callee's, `tag` is good during the call. */
typedef void arrivals_fn(void *arg, struct stream *s, const char *tag);

/* 0 or BEAM_ENOMEM. */
int arrivals_new(struct loop *l, const struct rng *rng, arrivals_fn *fn, void *arg,
                 struct arrivals **out);
/* Takes the stream over, always. One that begins otherwise, or not within ten seconds, is reset;
 * and so is one that comes while a thousand are waited for. `fn` is called later. */
void arrivals_take(struct arrivals *a, struct stream *s);
/* Resets those that are waited for: who was let in before is not let in any more. NULL allowed. */
void arrivals_turn_away(struct arrivals *a);
/* And resets them. NULL allowed. */
void arrivals_free(struct arrivals *a);

#endif
