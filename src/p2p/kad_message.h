/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The messages of the DHT as bytes (libp2p/specs, kad-dht, "RPC messages"), without the length in
 * front of them. Pure; nothing is copied: texts and addresses are views of the bytes that were
 * decoded, or of the caller's.
 *
 * Fields and types that nobody knows are passed over, as protobuf has it; a peer whose id is none
 * is left out, and so is what is beyond the ceilings below: what others add must not keep us from
 * what we understand. A field that is there twice counts as its last, but for lists.
 */
#ifndef BEAM_P2P_KAD_MESSAGE_H
#define BEAM_P2P_KAD_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "identity/peer_id.h"

enum {
    KAD_MESSAGE_MAX = 256 * 1024, /* bytes of one */
    KAD_KEY_MAX = 256,            /* bytes of a key */
    KAD_VALUE_MAX = 16 * 1024,    /* bytes of a record's value */
    KAD_PEERS_MAX = 20,           /* peers in one list */
    KAD_ADDRS_MAX = 8             /* addresses of a peer */
};

enum kad_type {
    KAD_PUT_VALUE = 0,
    KAD_GET_VALUE = 1,
    KAD_ADD_PROVIDER = 2,
    KAD_GET_PROVIDERS = 3,
    KAD_FIND_NODE = 4,
    KAD_PING = 5
};

enum kad_connection {
    KAD_NOT_CONNECTED = 0,
    KAD_CONNECTED = 1,
    KAD_CAN_CONNECT = 2,
    KAD_CANNOT_CONNECT = 3
};

struct kad_text { /* a borrowed view */
    const uint8_t *at;
    size_t len;
};

struct kad_contact {
    struct peer_id peer;
    enum kad_connection connection;
    size_t n;
    struct kad_text addrs[KAD_ADDRS_MAX]; /* multiaddrs as they came: not checked */
};

struct kad_message {
    enum kad_type type;
    struct kad_text key;
    bool has_record;
    struct kad_text record_key, value; /* of the record */
    size_t closer_count, provider_count;
    struct kad_contact closer[KAD_PEERS_MAX], providers[KAD_PEERS_MAX];
};

/* BEAM_EINVAL: no such message, or of a type that is not known; BEAM_ELIMIT: a key, a value or all
 * of it is too long. `out` (some 8 kB) may then have been written to. */
int kad_message_decode(const void *data, size_t len, struct kad_message *out);
/* Sets *out_len. A PUT_VALUE says its type too. 0 or BEAM_ELIMIT. */
int kad_message_encode(const struct kad_message *m, void *out, size_t size, size_t *out_len);

#endif
