/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A stream whose protocol was proposed and not yet agreed on (NEGOTIATE_LAZY): what is written
 * follows the proposal at once, and the peer's answer is taken out before the first byte is read.
 * Of kind "lazy".
 */
#ifndef BEAM_STREAM_LAZY_H
#define BEAM_STREAM_LAZY_H

#include "loop/loop.h"
#include "stream/stream.h"

/* Takes `under` over when it succeeds, and proposes. The protocol's text is copied. 0, BEAM_ENOMEM,
 * BEAM_EINVAL (the protocol). */
int stream_lazy(struct loop *l, struct stream *under, const char *protocol, struct stream **out);

#endif
