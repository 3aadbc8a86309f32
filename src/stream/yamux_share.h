/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One session's part of a struct yamux_budget. It may hold what is its own in
 * any case, or as much as the budget has left, whichever is more: so one
 * session alone may take half of it and n that are greedy an (n+1)th each, and
 * some is always left for the next. Pure.
 */
#ifndef BEAM_STREAM_YAMUX_SHARE_H
#define BEAM_STREAM_YAMUX_SHARE_H

#include <stdbool.h>
#include <stddef.h>

#include "stream/yamux.h"

struct yamux_share {
    struct yamux_budget *budget; /* borrowed */
    size_t own, held;
};

void yamux_share_take(struct yamux_share *s, size_t bytes);
void yamux_share_give(struct yamux_share *s, size_t bytes);
/* Whether it holds more than it may. */
bool yamux_share_over(const struct yamux_share *s);
/* How large a window may be now, of at most `max` bytes: a small part of what could be held. */
size_t yamux_share_window(const struct yamux_share *s, size_t max);

#endif
