/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The Identify message (libp2p/specs, identify; the signed peer record as go-libp2p and js-libp2p
 * have it, field 8). Pure; everything is a view of the bytes it was read from.
 *
 * A sender may cut it into several messages, each with a varint of its length before it, whose
 * fields add up; the last of several single values counts.
 */
#ifndef BEAM_P2P_IDENTIFY_MESSAGE_H
#define BEAM_P2P_IDENTIFY_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

enum {
    IDENTIFY_MESSAGE_MAX = 8192, /* bytes of one */
    IDENTIFY_MESSAGES_MAX = 10,  /* that add up */
    IDENTIFY_ADDRS_MAX = 32,
    IDENTIFY_PROTOCOLS_MAX = 128
};

struct identify_view {
    const uint8_t *at; /* NULL: not there */
    size_t len;
};

struct identify_message {
    struct identify_view version, agent, key, observed, record;
    struct identify_view addrs[IDENTIFY_ADDRS_MAX];
    struct identify_view protocols[IDENTIFY_PROTOCOLS_MAX];
    size_t addr_count, protocol_count;
};

/* Reads all of the bytes: messages with their lengths. What is beyond the counts above is left out.
 * 0, BEAM_EINVAL (cut off, or not of its form), BEAM_ELIMIT. */
int identify_message_decode(const void *data, size_t len, struct identify_message *out);
/* Writes one message with its length; what is not there is left out. Sets *out_len. 0 or
 * BEAM_ELIMIT. */
int identify_message_encode(const struct identify_message *m, void *out, size_t size,
                            size_t *out_len);

#endif
