/* SPDX-License-Identifier: BSD-3-Clause */
/* A stream of which something was read already: those bytes come first, then all the others. */
#ifndef BEAM_STREAM_AHEAD_H
#define BEAM_STREAM_AHEAD_H

#include "stream/stream.h"

/* Takes `under` over, and what is in `first`, which is empty then. 0 or BEAM_ENOMEM, and then both
 * are the caller's as before. */
int stream_ahead(struct stream *under, struct buf *first, struct stream **out);

#endif
