/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/kad_id.h"

#include <endian.h>
#include <string.h>

#include <sodium.h>

void kad_id_of(const void *key, size_t len, struct kad_id *out)
{
    crypto_hash_sha256(out->bytes, key, len);
}

void kad_id_of_peer(const struct peer_id *peer, struct kad_id *out)
{
    kad_id_of(peer->bytes, peer->len, out);
}

/* Eight bytes of it from `at` on, as a number. */
static uint64_t word(const struct kad_id *id, size_t at)
{
    uint64_t w;
    memcpy(&w, id->bytes + at, sizeof(w));
    return be64toh(w);
}

int kad_id_nearer(const struct kad_id *target, const struct kad_id *a, const struct kad_id *b)
{
    for (size_t i = 0; i < KAD_ID_SIZE; i += sizeof(uint64_t)) {
        uint64_t t = word(target, i), left = word(a, i) ^ t, right = word(b, i) ^ t;
        if (left != right)
            return left < right ? -1 : 1;
    }
    return 0;
}

unsigned kad_id_shared(const struct kad_id *a, const struct kad_id *b)
{
    for (unsigned i = 0; i < KAD_ID_SIZE; i += sizeof(uint64_t)) {
        uint64_t differ = word(a, i) ^ word(b, i);
        if (differ)
            return 8 * i + (unsigned)__builtin_clzll(differ);
    }
    return KAD_ID_BITS;
}

uint64_t kad_id_distance(const struct kad_id *a, const struct kad_id *b)
{
    return word(a, 0) ^ word(b, 0);
}
