/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A stream of kind "tls", after the handshake of stream/tls, which makes it and tells what it
 * promises of ends and failures; how it waits and lingers is in stream/sealed.h.
 */
#ifndef BEAM_STREAM_TLS_STREAM_H
#define BEAM_STREAM_TLS_STREAM_H

#include "loop/loop.h"
#include "stream/stream.h"
#include "stream/tls_wire.h"

/* `w`, whose handshake is over, is taken over when it succeeds. 0 or BEAM_ENOMEM. */
int stream_tls(struct loop *l, struct tls_wire *w, struct stream **out);

#endif
