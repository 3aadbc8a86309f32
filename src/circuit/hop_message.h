/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The messages of circuit relay v2 (libp2p/specs, relay/circuit-v2): HopMessage, which a peer and
 * its relay exchange, and StopMessage, which a relay and the far peer do. Pure.
 *
 * Bytes are a protobuf message without the varint length that precedes it on the stream. Fields
 * that nobody knows are passed over; one that is there twice is refused.
 */
#ifndef BEAM_CIRCUIT_HOP_MESSAGE_H
#define BEAM_CIRCUIT_HOP_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "identity/multiaddr.h"
#include "identity/peer_id.h"
#include "p2p/way.h"

#define HOP_PROTOCOL  "/libp2p/circuit/relay/0.2.0/hop"
#define STOP_PROTOCOL "/libp2p/circuit/relay/0.2.0/stop"

enum {
    HOP_MESSAGE_MAX = 4096, /* bytes of one */
    HOP_MESSAGE_ADDRS = 8   /* of a relay: what is beyond is left out */
};

enum hop_message_side { HOP_SIDE, STOP_SIDE };

/* A StopMessage has no RESERVE, and numbers the others from 0. */
enum hop_message_type { HOP_RESERVE = 0, HOP_CONNECT = 1, HOP_STATUS = 2 };

enum hop_status {
    HOP_OK = 100,
    HOP_RESERVATION_REFUSED = 200,
    HOP_RESOURCE_LIMIT = 201,
    HOP_PERMISSION_DENIED = 202,
    HOP_CONNECTION_FAILED = 203,
    HOP_NO_RESERVATION = 204,
    HOP_MALFORMED = 400,
    HOP_UNEXPECTED = 401
};

/* What a relay lets a circuit carry; 0: as much or as long as it likes. */
struct hop_limit {
    uint32_t duration; /* seconds */
    uint64_t data;     /* bytes in each direction */
};

/* Whether it is one at all: who has none says nothing of limits. */
static inline bool hop_limit_any(const struct hop_limit *l)
{
    return l->duration > 0 || l->data > 0;
}

/* The same as a host takes it. */
static inline struct way_limit hop_limit_way(const struct hop_limit *l)
{
    return (struct way_limit){.ms = (uint64_t)l->duration * 1000, .bytes = l->data};
}

struct hop_message {
    enum hop_message_type type;
    bool has_peer;
    struct peer_id peer; /* of a CONNECT: whom, or from whom */
    /* Of a STATUS: */
    uint64_t status; /* HOP_OK, or a refusal, which may be one that we do not know; 0: none */
    bool has_limit;
    struct hop_limit limit; /* of the CONNECT of a stop, too */
    bool has_reservation;
    uint64_t expire;                           /* seconds since 1970 */
    struct multiaddr addrs[HOP_MESSAGE_ADDRS]; /* of the relay, as it has them */
    size_t addr_count;
    const uint8_t *voucher; /* borrowed from the bytes, or the caller's; NULL: none */
    size_t voucher_len;
};

/* Sets *out_len. 0 or BEAM_ELIMIT. */
int hop_message_encode(enum hop_message_side side, const struct hop_message *m, void *out,
                       size_t size, size_t *out_len);
/* 0, or BEAM_EINVAL: not such a message, or a peer id in it is none. */
int hop_message_decode(enum hop_message_side side, const void *data, size_t len,
                       struct hop_message *out);

/* A few plain words for a status ("it has no reservation there"). Static storage. */
const char *hop_status_text(uint64_t status);
/* The nearest code for a refusal. */
int hop_status_err(uint64_t status);

#endif
