/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/names/kit.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct key_pair *kit_key(uint32_t no)
{
    uint8_t seed[KEY_SEED_SIZE] = {0};
    struct key_pair *pair = NULL;
    cr_assert_geq(sodium_init(), 0);
    memcpy(seed, &no, sizeof(no));
    cr_assert_eq(key_pair_from_seed(seed, &pair), 0);
    return pair;
}

struct binding *kit_binding(uint64_t seq)
{
    static const char addr[] = "/ip4/192.0.2.7/tcp/4001";
    struct binding *b = calloc(1, sizeof(*b));
    struct key_pair *tunnel = kit_key(UINT32_MAX);
    struct key_public public;
    cr_assert_not_null(b);
    key_pair_public(tunnel, &public);
    cr_assert_eq(peer_id_from_key(&public, &b->tunnel), 0);
    key_pair_free(tunnel);
    b->seq = seq;
    b->addr_count = b->url_count = 1;
    cr_assert_eq(multiaddr_parse(addr, strlen(addr), &b->addrs[0], NULL), 0);
    (void)snprintf(b->urls[0], sizeof(b->urls[0]), "https://alice.relay.example");
    b->ttl = 300;
    b->made = KIT_MADE;
    b->not_after = KIT_MADE + BINDING_LIFE_MS;
    return b;
}

struct kad_text kit_seal(uint32_t no, const struct binding *b, uint8_t out[BINDING_MAX])
{
    struct key_pair *pair = kit_key(no);
    size_t len = 0;
    cr_assert_eq(binding_seal(pair, b, out, BINDING_MAX, &len), 0);
    key_pair_free(pair);
    return (struct kad_text){.at = out, .len = len};
}

struct kad_text kit_say(uint32_t no, uint64_t seq, uint8_t out[BINDING_MAX])
{
    struct binding *b = kit_binding(seq);
    struct kad_text said = kit_seal(no, b, out);
    free(b);
    return said;
}

struct kad_text kit_place(uint32_t no, uint8_t out[BINDING_KEY_SIZE])
{
    struct key_pair *pair = kit_key(no);
    struct key_public public;
    key_pair_public(pair, &public);
    binding_key(public.data, out);
    key_pair_free(pair);
    return (struct kad_text){.at = out, .len = BINDING_KEY_SIZE};
}
