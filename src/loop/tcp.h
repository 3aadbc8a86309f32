/* SPDX-License-Identifier: BSD-3-Clause */
/* What every TCP socket is told that is made here. */
#ifndef BEAM_LOOP_TCP_H
#define BEAM_LOOP_TCP_H

enum { TCP_UNSENT_MAX = 256 * 1024 }; /* bytes */

/*
 * Small writes leave at once (TCP_NODELAY). And no more than TCP_UNSENT_MAX bytes wait in the
 * kernel that the peer has no room for yet (TCP_NOTSENT_LOWAT): a slow peer would else have
 * megabytes before it, which nothing said later can overtake. 0 or BEAM_EIO.
 */
int tcp_tune(int fd);

#endif
