/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The window of one direction of a yamux stream, at its receiving end (libp2p
 * specs, yamux/README.md, "Flow Control"). What the peer may still send and
 * what has come and was not read are together never more than the window's
 * size. More is granted when half a window has been read; where that took
 * less than a few round trips, or next to no time, the window is what held the
 * sender up, and it is doubled. Pure.
 */
#ifndef BEAM_STREAM_YAMUX_WINDOW_H
#define BEAM_STREAM_YAMUX_WINDOW_H

#include <stddef.h>
#include <stdint.h>

enum { YAMUX_WINDOW_FIRST = 256 * 1024 };

struct yamux_window {
    uint32_t size;
    uint32_t credit;     /* bytes that the peer was told it may send, and has not sent */
    uint64_t granted_us; /* when; before the first: when the first bytes came; 0: not yet */
};

void yamux_window_init(struct yamux_window *w);
/* A data frame of so many bytes arrives. 0 or BEAM_EPROTO: it overruns the window. */
int yamux_window_take(struct yamux_window *w, uint32_t len, uint64_t now_us);
/*
 * Some of what had come was read; `unread` bytes are left, those that were taken and still come
 * counted. Returns how many more the peer is to be told it may send, which then is its due: 0 as
 * long as it is not worth a frame. The window grows to `ceiling` at most, and shrinks to it as it
 * is read, but never below YAMUX_WINDOW_FIRST. `rtt_us` 0: not known, it does not grow.
 */
uint32_t yamux_window_grant(struct yamux_window *w, size_t unread, size_t ceiling, uint64_t rtt_us,
                            uint64_t now_us);

#endif
