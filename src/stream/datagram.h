/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Datagrams among bytes: each with its length before it in two bytes, the most significant first.
 * An empty one is one too. Pure.
 */
#ifndef BEAM_STREAM_DATAGRAM_H
#define BEAM_STREAM_DATAGRAM_H

#include "base/buf.h"
#include "base/err.h"

enum {
    DATAGRAM_MAX = 65507, /* bytes: the most that UDP over IPv4 carries */
    DATAGRAM_HEAD = 2,
    DATAGRAM_ROOM = DATAGRAM_HEAD + DATAGRAM_MAX /* any one with its length */
};

/* Appends one, all or nothing. 0, BEAM_ELIMIT (too long, or no room for it now), BEAM_ENOMEM. */
int datagram_put(struct buf *b, const void *data, size_t len);
/* Takes the first one that is whole out of b, whose ceiling is DATAGRAM_ROOM at least. Returns its
 * length, BEAM_EAGAIN while it is not whole, or BEAM_EPROTO: no datagram is so long. */
ssize_t datagram_take(struct buf *b, uint8_t out[DATAGRAM_MAX]);

#endif
