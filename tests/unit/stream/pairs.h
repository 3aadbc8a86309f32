/* SPDX-License-Identifier: BSD-3-Clause */
/* Connected sockets and streams over them, for tests. */
#ifndef BEAM_TESTS_UNIT_STREAM_PAIRS_H
#define BEAM_TESTS_UNIT_STREAM_PAIRS_H

#include "loop/loop.h"
#include "stream/stream.h"

/* The kernel's buffers of these sockets, as asked for; it doubles them. */
enum { PAIR_BUFFER = 64 * 1024 };

/* Non-blocking descriptors; asserts that they could be had. */
void pair_tcp_fds(int fds[2]);
void pair_unix_fds(int fds[2]);
void pair_tcp(struct loop *l, struct stream **a, struct stream **b);
void pair_unix(struct loop *l, struct stream **a, struct stream **b);

#endif
