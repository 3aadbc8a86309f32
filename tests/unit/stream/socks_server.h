/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A SOCKS5 server for tests: listens on a unix socket on the same loop, goes
 * through the handshake in pieces of random size, and gives out the stream that
 * it then is the far end of. What it says can be bent; one that it refused may be followed by
 * others.
 */
#ifndef BEAM_TESTS_UNIT_STREAM_SOCKS_SERVER_H
#define BEAM_TESTS_UNIT_STREAM_SOCKS_SERVER_H

#include "loop/listen.h"
#include "stream/socket.h"

enum { SOCKS_SERVER_HEARD_MAX = 2048 };

struct socks_server {
    /* Set before socks_server_open; zeroed where nothing is to be bent. */
    const char *replies[3]; /* to greeting, credentials and request; NULL: as it should be */
    size_t reply_len[3];
    const char *early; /* sent in one piece with the last reply */
    bool mute;         /* never answers */
    /* To be looked at. */
    struct addr at;
    uint8_t heard[SOCKS_SERVER_HEARD_MAX];
    size_t heard_len;
    struct stream *stream; /* the far end, once it is open: the taker's */
    bool open;
    /* Private. */
    char dir[32], path[64];
    struct loop *loop;
    struct listener *listener;
    struct stream *shaking;
    struct buf in;
    int step;
};

void socks_server_open(struct socks_server *s, struct loop *l);
void socks_server_close(struct socks_server *s);

#endif
