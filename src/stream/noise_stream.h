/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A stream of kind "noise": its bytes travel over another stream in the records of stream/record.
 * What it promises of ends and failures is in stream/secure.h, which makes it; how it waits and
 * lingers in stream/sealed.h.
 */
#ifndef BEAM_STREAM_NOISE_STREAM_H
#define BEAM_STREAM_NOISE_STREAM_H

#include "loop/loop.h"
#include "stream/noise.h"
#include "stream/record.h"
#include "stream/stream.h"

enum {
    NOISE_STREAM_BATCH = 5 * RECORD_MAX, /* sealed and not yet taken by the stream below */
    NOISE_STREAM_READ = 4 * RECORD_MAX   /* read and not yet opened */
};

/* `under` is taken over when it succeeds; the keys of `n`, which is over, are copied. 0 or
 * BEAM_ENOMEM. */
int stream_noise(struct loop *l, struct stream *under, const struct noise *n, struct stream **out);

#endif
