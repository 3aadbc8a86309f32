/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A stream of kind "noise": its bytes travel over another stream in the records of stream/record.
 * What it promises of ends and failures is in stream/secure.h, which makes it.
 *
 * Bytes are sealed when the stream below has taken all that was sealed before, so that what waits
 * here is one batch of records at most. Freed with such a batch in hand, it goes on by itself until
 * the stream below has taken it, for SEALED_LINGER_MS at most.
 */
#ifndef BEAM_STREAM_SEALED_H
#define BEAM_STREAM_SEALED_H

#include "loop/loop.h"
#include "stream/noise.h"
#include "stream/record.h"
#include "stream/stream.h"

enum {
    SEALED_BATCH_MAX = 4 * RECORD_MAX, /* sealed and not yet taken by the stream below */
    SEALED_READ_MAX = 4 * RECORD_MAX,  /* read and not yet opened */
    SEALED_LINGER_MS = 10000
};

/* `under` is taken over when it succeeds; the keys of `n`, which is over, are copied. 0 or
 * BEAM_ENOMEM. */
int stream_sealed(struct loop *l, struct stream *under, const struct noise *n, struct stream **out);

#endif
