/* SPDX-License-Identifier: BSD-3-Clause */
/* Streams over connected TCP and unix stream sockets. */
#ifndef BEAM_STREAM_SOCKET_H
#define BEAM_STREAM_SOCKET_H

#include "loop/egress.h"
#include "loop/loop.h"
#include "stream/stream.h"

/* Takes over a connected, non-blocking descriptor (closed on failure too).
 * 0, BEAM_ENOMEM, BEAM_EIO. */
int stream_socket(struct loop *l, int fd, struct stream **out);

typedef void stream_dial_fn(void *arg, int err, struct stream *s);
struct stream_dial;

/* egress_dial and a stream over what it gives: `done` as egress_fn, with the
 * stream the callee's. At once and later: as egress_dial. */
int stream_dial(struct loop *l, const struct permit *permit, const struct addr *to,
                enum permit_origin origin, uint64_t timeout_ms, stream_dial_fn *done, void *arg,
                struct stream_dial **out);
void stream_dial_cancel(struct stream_dial *d);

#endif
