/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who a peer is (libp2p/specs, peer-ids): a multihash of its encoded public key, which is the key
 * itself where that has at most 42 bytes, and else its SHA-256. Pure.
 */
#ifndef BEAM_IDENTITY_PEER_ID_H
#define BEAM_IDENTITY_PEER_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "identity/key.h"

enum { PEER_ID_MAX = 44, PEER_ID_TEXT_SIZE = 64 };

/* Only the functions below fill it. May be copied. */
struct peer_id {
    uint8_t len;
    uint8_t bytes[PEER_ID_MAX];
};

/* 0 or BEAM_ENOMEM. */
int peer_id_from_key(const struct key_public *key, struct peer_id *out);
/* From the multihash, of which identity (of a key that key_public_decode takes) and SHA-256 are
 * known. 0, or BEAM_EINVAL with words in `why` (NULL allowed). */
int peer_id_decode(const void *data, size_t len, struct peer_id *out, struct beam_why *why);
/* From text: base58btc ("12D3KooW…", "Qm…") or a CIDv1 of codec libp2p-key in a base that
 * multibase_decode knows ("bafz…"). As peer_id_decode. */
int peer_id_parse(const char *text, size_t len, struct peer_id *out, struct beam_why *why);
/* In base58btc. */
void peer_id_text(const struct peer_id *id, char out[PEER_ID_TEXT_SIZE]);

bool peer_id_equal(const struct peer_id *a, const struct peer_id *b);
/* An order of all ids: below, equal or above zero. */
int peer_id_compare(const struct peer_id *a, const struct peer_id *b);
/* The key, where the id holds it; BEAM_ENOTFOUND where it has only the hash. */
int peer_id_key(const struct peer_id *id, struct key_public *out);
/* Whether the id is the key's. */
bool peer_id_is_of(const struct peer_id *id, const struct key_public *key);

#endif
