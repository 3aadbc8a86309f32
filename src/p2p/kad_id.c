/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/kad_id.h"

#include <sodium.h>

#include "base/wire.h"

void kad_id_of(const void *key, size_t len, struct kad_id *out)
{
    crypto_hash_sha256(out->bytes, key, len);
}

void kad_id_of_peer(const struct peer_id *peer, struct kad_id *out)
{
    kad_id_of(peer->bytes, peer->len, out);
}

int kad_id_nearer(const struct kad_id *target, const struct kad_id *a, const struct kad_id *b)
{
    for (size_t i = 0; i < KAD_ID_SIZE; i++) {
        if (a->bytes[i] != b->bytes[i])
            return (a->bytes[i] ^ target->bytes[i]) - (b->bytes[i] ^ target->bytes[i]);
    }
    return 0;
}

unsigned kad_id_shared(const struct kad_id *a, const struct kad_id *b)
{
    for (unsigned i = 0; i < KAD_ID_SIZE; i++) {
        unsigned differ = a->bytes[i] ^ b->bytes[i];
        if (differ)
            return 8 * i + (unsigned)__builtin_clz(differ) - 24;
    }
    return KAD_ID_BITS;
}

uint64_t kad_id_distance(const struct kad_id *a, const struct kad_id *b)
{
    struct wire_reader left, right;
    wire_read_init(&left, a->bytes, KAD_ID_SIZE);
    wire_read_init(&right, b->bytes, KAD_ID_SIZE);
    return wire_read_be64(&left) ^ wire_read_be64(&right);
}
