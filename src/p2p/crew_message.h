/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the processes of a crew say to one another (p2p/crew.h, docs/protocol/crew.md), each
 * message a protobuf in a frame. Pure.
 */
#ifndef BEAM_P2P_CREW_MESSAGE_H
#define BEAM_P2P_CREW_MESSAGE_H

#include <stdbool.h>

#include "identity/multiaddr.h"

enum {
    CREW_HELLO = 1, /* number: which process it is, text: its version; the first message */
    CREW_HERE,      /* peer, address: a peer is connected there now */
    CREW_GONE,      /* peer: its last connection there has ended */
    CREW_END,       /* peer: its connections there are to end */
    CREW_KEEP,      /* peer, number 1 or 0: its connection there is to be kept, or need not be */
    CREW_TELL,      /* number: what it is about, data */
    CREW_OPEN,      /* peer, text: a stream to it for this protocol; its bytes follow */
    CREW_PASS       /* peer, address, text: a stream from it for this protocol; as above */
};
enum { CREW_KIND_LAST = CREW_PASS };

enum {
    CREW_TEXT_MAX = 127,             /* bytes of a protocol or a version */
    CREW_DATA_MAX = 4 * 1024 * 1024, /* bytes of what is told */
    CREW_SMALL_MAX = 1024,           /* bytes of a message without data */
    CREW_MESSAGE_MAX = CREW_DATA_MAX + CREW_SMALL_MAX
};

struct crew_message {
    unsigned kind;
    struct peer_id peer;   /* len 0: it has none */
    struct multiaddr addr; /* len 0: it has none */
    char text[CREW_TEXT_MAX + 1];
    uint64_t number;
    const uint8_t *data; /* borrowed, of what was read */
    size_t len;
};

/* 0, BEAM_EINVAL (no such message, or a part of it is missing). */
int crew_message_read(const void *bytes, size_t len, struct crew_message *out);
/* 0 or BEAM_ELIMIT. */
int crew_message_write(const struct crew_message *m, void *out, size_t size, size_t *out_len);

#endif
