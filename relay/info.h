/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a community relay says of itself, signed by its own key (docs/protocol/relay-info.md): where
 * owners reach it, what it offers, how full it is. It lies in the DHT under "/beam-relay/" and the
 * relay's peer id, and the relay provides one key that all relays provide, by which they are found.
 * Pure.
 */
#ifndef BEAM_RELAY_INFO_H
#define BEAM_RELAY_INFO_H

#include "identity/multiaddr.h"
#include "p2p/kad_store.h"

enum {
    INFO_ADDRS_MAX = 8,
    INFO_URL_SIZE = 300,
    INFO_VERSION_SIZE = 32,
    INFO_CONTACT_SIZE = 128,
    INFO_MAX = 4096,                    /* bytes, sealed */
    INFO_LIFE_MS = 24 * 60 * 60 * 1000, /* how long it is believed */
    INFO_AHEAD_MS = 60 * 60 * 1000,     /* how far a relay's clock may be ahead of ours */
    INFO_KEY_MAX = 12 + PEER_ID_MAX     /* bytes of its key in the DHT */
};

/* What it publishes: the bits of reservation_kind_bit. */
enum info_kind {
    INFO_HTTP = 1u << 0,
    INFO_TCP = 1u << 1,
    INFO_UDP = 1u << 2,
    INFO_TLS = 1u << 3,
    INFO_KINDS = INFO_HTTP | INFO_TCP | INFO_UDP | INFO_TLS
};

struct relay_info {
    struct peer_id id;
    uint64_t made; /* milliseconds since 1970; the later one counts */
    size_t addr_count;
    struct multiaddr addrs[INFO_ADDRS_MAX]; /* for owners; onions among them */
    char url[INFO_URL_SIZE];                /* what its public URLs begin with */
    unsigned kinds;
    uint64_t reservations, max_reservations;
    char version[INFO_VERSION_SIZE];
    char contact[INFO_CONTACT_SIZE]; /* of who runs it; as it came: escape before showing */
};

/* info->id is not looked at. Sets *out_len. 0, BEAM_ELIMIT, BEAM_ENOMEM. */
int info_seal(const struct key_pair *pair, const struct relay_info *info, void *out, size_t size,
              size_t *out_len);
/* Addresses of protocols that are not known are left out. BEAM_EINVAL, BEAM_EAUTH, BEAM_ELIMIT,
 * BEAM_ENOMEM; `out` (4 kB) may then have been written to. */
int info_open(const void *data, size_t len, struct relay_info *out);

/* Its key in the DHT, as bytes; returns how many. */
size_t info_key(const struct peer_id *id, uint8_t key[INFO_KEY_MAX]);
/* What every relay provides: a multihash. */
struct kad_text info_topic(void);
/* "/beam-relay/…": signed by who the key names, neither old nor from the future; the later of two
 * is the better. */
extern const struct kad_validator info_validator;

#endif
