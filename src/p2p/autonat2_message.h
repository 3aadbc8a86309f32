/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The messages of AutoNAT v2 (libp2p/specs, autonat-v2): "dial one of these", what came of it, the
 * price of a dial elsewhere, and the number that a dial brings back. Pure. Bytes are views: of what
 * was read when read, borrowed when written.
 */
#ifndef BEAM_P2P_AUTONAT2_MESSAGE_H
#define BEAM_P2P_AUTONAT2_MESSAGE_H

#include "p2p/autonat_message.h"

#define AUTONAT2_REQUEST_PROTOCOL "/libp2p/autonat/2/dial-request"
#define AUTONAT2_BACK_PROTOCOL    "/libp2p/autonat/2/dial-back"

enum {
    AUTONAT2_MESSAGE_MAX = 8192, /* bytes, the length before it not counted */
    AUTONAT2_ADDRS_MAX = 16,     /* of more, the rest is passed over */
    AUTONAT2_DATA_MAX = 4096,    /* of one data response */
    AUTONAT2_BACK_MAX = 64       /* bytes of a dial back's messages */
};

/* The fields of Message, of which there is one. */
enum autonat2_kind {
    AUTONAT2_REQUEST = 1,
    AUTONAT2_RESPONSE = 2,
    AUTONAT2_DATA_REQUEST = 3,
    AUTONAT2_DATA_RESPONSE = 4
};

enum autonat2_status {
    AUTONAT2_INTERNAL_ERROR = 0,
    AUTONAT2_REJECTED = 100, /* not now */
    AUTONAT2_REFUSED = 101,  /* none of these addresses */
    AUTONAT2_OK = 200        /* one was dialled, and this came of it: */
};

enum autonat2_dialled {
    AUTONAT2_UNUSED = 0,
    AUTONAT2_DIAL_ERROR = 100, /* nobody was reached */
    AUTONAT2_BACK_ERROR = 101, /* somebody was, who did not take the number */
    AUTONAT2_DIALLED = 200
};

struct autonat2_message {
    enum autonat2_kind kind;
    size_t n; /* of a request: addresses, none of which are checked, and the number */
    struct autonat_view addrs[AUTONAT2_ADDRS_MAX];
    uint64_t nonce;
    uint32_t status, dialled; /* of a response: as above, or another's */
    uint32_t addr;            /* of a response and a data request: which address, from 0 */
    uint64_t bytes;           /* of a data request */
    struct autonat_view data; /* of a data response */
};

/* 0, BEAM_EINVAL, BEAM_ELIMIT. */
int autonat2_message_read(const void *data, size_t len, struct autonat2_message *out);
/* Into out[AUTONAT2_MESSAGE_MAX]. 0 or BEAM_ELIMIT. */
int autonat2_message_write(const struct autonat2_message *m, uint8_t *out, size_t *out_len);

/* DialBack. 0, BEAM_EINVAL, BEAM_ELIMIT. */
int autonat2_back_read(const void *data, size_t len, uint64_t *nonce);
/* Into out[AUTONAT2_BACK_MAX]. 0 or BEAM_ELIMIT. */
int autonat2_back_write(uint64_t nonce, uint8_t *out, size_t *out_len);
/* DialBackResponse, which may have no bytes: that is 0, for the number was taken. As above. */
int autonat2_back_answer_read(const void *data, size_t len, uint32_t *status);
int autonat2_back_answer_write(uint32_t status, uint8_t *out, size_t *out_len);

#endif
