/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The messages of AutoNAT (libp2p/specs, autonat-v1): "dial me there", and what came of it. Pure.
 * Bytes are views: of what was read when read, borrowed when written.
 */
#ifndef BEAM_P2P_AUTONAT_MESSAGE_H
#define BEAM_P2P_AUTONAT_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AUTONAT_PROTOCOL "/libp2p/autonat/1.0.0"

enum {
    AUTONAT_MESSAGE_MAX = 8192, /* bytes, the length before it not counted */
    AUTONAT_ADDRS_MAX = 16      /* of more, the rest is passed over */
};

enum autonat_type { AUTONAT_DIAL = 0, AUTONAT_DIAL_RESPONSE = 1 };

enum autonat_status {
    AUTONAT_OK = 0,
    AUTONAT_DIAL_ERROR = 100,   /* nobody was reached */
    AUTONAT_DIAL_REFUSED = 101, /* nobody was dialled */
    AUTONAT_BAD_REQUEST = 200,
    AUTONAT_INTERNAL_ERROR = 300
};

struct autonat_view {
    const uint8_t *at; /* NULL: it is not there */
    size_t len;
};

struct autonat_message {
    enum autonat_type type;
    struct autonat_view peer; /* of a dial: its id, and addresses, none of which are checked */
    size_t n;
    struct autonat_view addrs[AUTONAT_ADDRS_MAX];
    uint32_t status; /* of a response: one of autonat_status, or another's */
    struct autonat_view addr;
};

/* 0, BEAM_EINVAL, BEAM_ELIMIT. */
int autonat_message_read(const void *data, size_t len, struct autonat_message *out);
/* Into out[AUTONAT_MESSAGE_MAX]. 0 or BEAM_ELIMIT. */
int autonat_message_write(const struct autonat_message *m, uint8_t *out, size_t *out_len);

#endif
