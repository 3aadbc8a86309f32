/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The space that the nodes and the keys of the DHT lie in (libp2p/specs, kad-dht, "Distance"): the
 * SHA-256 of a key, of a node's peer id as of a record's key, and XOR as the distance. Pure.
 */
#ifndef BEAM_P2P_KAD_ID_H
#define BEAM_P2P_KAD_ID_H

#include <stddef.h>
#include <stdint.h>

#include "identity/peer_id.h"

enum { KAD_ID_SIZE = 32, KAD_ID_BITS = 256 };

struct kad_id {
    uint8_t bytes[KAD_ID_SIZE];
};

void kad_id_of(const void *key, size_t len, struct kad_id *out);
void kad_id_of_peer(const struct peer_id *peer, struct kad_id *out);

/* Below zero when a is nearer to target than b, zero when they are one, else above. */
int kad_id_nearer(const struct kad_id *target, const struct kad_id *a, const struct kad_id *b);
/* How many leading bits they share: 0 to KAD_ID_BITS, which means they are one. */
unsigned kad_id_shared(const struct kad_id *a, const struct kad_id *b);
/* The distance's first 64 bits: what the nearness of thousands of nodes is told by. */
uint64_t kad_id_distance(const struct kad_id *a, const struct kad_id *b);

#endif
