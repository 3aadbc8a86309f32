/* SPDX-License-Identifier: BSD-3-Clause */
/* A stream that carries another's bytes in pieces of random sizes, each way. */
#ifndef BEAM_TESTS_SUITE_RAGGED_H
#define BEAM_TESTS_SUITE_RAGGED_H

#include "loop/loop.h"
#include "stream/stream.h"
#include "tests/unit/seed.h"

/* Takes `under` over. No piece has more than `most` bytes. */
struct stream *ragged(struct loop *l, struct stream *under, size_t most, struct seed *seed);

#endif
