/* SPDX-License-Identifier: BSD-3-Clause */
/* How long to wait before something that failed is tried again. Pure. */
#ifndef BEAM_BASE_BACKOFF_H
#define BEAM_BASE_BACKOFF_H

#include <stdint.h>

/* After `failures` earlier ones in a row: `least`, doubled for each, at most `most`. */
uint64_t backoff_pause(unsigned failures, uint64_t least, uint64_t most);

#endif
