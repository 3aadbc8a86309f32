/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The frames of yamux (libp2p specs, yamux/README.md, "Framing"): a header of
 * 12 bytes, all fields big endian, and after a data frame's header as many bytes
 * as its length says. Pure.
 */
#ifndef BEAM_STREAM_YAMUX_FRAME_H
#define BEAM_STREAM_YAMUX_FRAME_H

#include <stdint.h>

#include "base/err.h"

enum { YAMUX_HEAD = 12 };

enum yamux_type { YAMUX_DATA = 0, YAMUX_WINDOW = 1, YAMUX_PING = 2, YAMUX_AWAY = 3 };
enum yamux_flag { YAMUX_SYN = 1, YAMUX_ACK = 2, YAMUX_FIN = 4, YAMUX_RST = 8 };

struct yamux_frame {
    enum yamux_type type;
    unsigned flags;
    uint32_t stream; /* 0 with YAMUX_PING and YAMUX_AWAY, and with no other */
    uint32_t length; /* bytes that follow; more window; what is echoed; enum yamux_away */
};

void yamux_frame_put(const struct yamux_frame *f, uint8_t out[YAMUX_HEAD]);

/* 0, or BEAM_EPROTO and why: a version, a type or flags that there are not, a
 * stream where the session was to be named, or the reverse. */
int yamux_frame_get(const uint8_t head[YAMUX_HEAD], struct yamux_frame *out, struct beam_why *why);

#endif
