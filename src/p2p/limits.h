/* SPDX-License-Identifier: BSD-3-Clause */
/* What peers may make a host hold, and who gets in. Pure. */
#ifndef BEAM_P2P_LIMITS_H
#define BEAM_P2P_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct limits {
    size_t connections; /* in all */
    size_t inbound;     /* of these, such as came in from peers that are not kept */
    size_t per_peer;    /* connections, while two of them sort out which one stays */
    size_t per_address; /* that came in from one IPv4 address or IPv6 /64 */
    size_t half_open;   /* handshakes of those that come in */
    size_t half_open_per_address;
    size_t dials;   /* at once, in all */
    size_t streams; /* in all; three quarters of them at most while peers open them */
    size_t streams_per_peer;
    size_t memory;         /* bytes that all connections may hold */
    uint64_t idle_ms;      /* a connection without a stream ends after it */
    uint64_t lifetime_ms;  /* an old one ends at its next pause */
    uint64_t handshake_ms; /* from the first byte to a shared connection; see way_patience */
};

/* Fields that are 0 get their customary value. */
void limits_default(struct limits *l);

#endif
