/* SPDX-License-Identifier: BSD-3-Clause */
/* A stream that is torn after so many bytes, of both directions: both ends find it reset. */
#ifndef BEAM_TESTS_UNIT_P2P_CUT_H
#define BEAM_TESTS_UNIT_P2P_CUT_H

#include "stream/stream.h"

/* Takes `under` over. NULL: out of memory, and it was freed. */
struct stream *cut_after(struct stream *under, size_t bytes);

#endif
