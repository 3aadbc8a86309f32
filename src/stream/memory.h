/* SPDX-License-Identifier: BSD-3-Clause */
/* Two streams joined in memory, for tests and for parts of one process. */
#ifndef BEAM_STREAM_MEMORY_H
#define BEAM_STREAM_MEMORY_H

#include "loop/loop.h"
#include "stream/stream.h"

/* What is written to one is read from the other; each direction holds at most
 * `window` bytes. A reset is read after what was written before it. 0 or
 * BEAM_ENOMEM. */
int stream_memory(struct loop *l, size_t window, struct stream **a, struct stream **b);

#endif
