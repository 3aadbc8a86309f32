/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A stream of kind "tls", after the handshake of stream/tls, which makes it and tells what it
 * promises of ends and failures.
 *
 * Bytes are sealed when the stream below has taken all that was sealed before, so that what waits
 * here is one batch of records. Freed with such a batch in hand, it goes on by itself until the
 * stream below has taken it, for TLS_STREAM_LINGER_MS at most.
 */
#ifndef BEAM_STREAM_TLS_STREAM_H
#define BEAM_STREAM_TLS_STREAM_H

#include "loop/loop.h"
#include "stream/stream.h"
#include "stream/tls_wire.h"

enum { TLS_STREAM_LINGER_MS = 10000 };

/* `w`, whose handshake is over, is taken over when it succeeds. 0 or BEAM_ENOMEM. */
int stream_tls(struct loop *l, struct tls_wire *w, struct stream **out);

#endif
