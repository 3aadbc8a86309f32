/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where a name is reached: the input is opened as it is, and once more as the payload of an
 * envelope of that kind, so that the fuzzer gets past the signature. What is read is written and
 * means the same.
 */
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "identity/envelope.h"
#include "names/binding.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void binding(const struct key_pair *pair, const uint8_t *data, size_t size)
{
    static struct binding first, again;
    static uint8_t sealed[BINDING_MAX];
    struct binding_rank a, b;
    size_t len;
    if (binding_open(data, size, &first) < 0 ||
        binding_seal(pair, &first, sealed, sizeof(sealed), &len) < 0)
        return;
    if (binding_open(sealed, len, &again) < 0)
        abort();
    if (again.seq != first.seq || again.ttl != first.ttl || again.made != first.made ||
        again.not_after != first.not_after || again.addr_count != first.addr_count ||
        again.url_count != first.url_count || !peer_id_equal(&again.tunnel, &first.tunnel))
        abort();
    for (size_t i = 0; i < first.addr_count; i++)
        if (!multiaddr_equal(&again.addrs[i], &first.addrs[i]))
            abort();
    for (size_t i = 0; i < first.url_count; i++)
        if (strcmp(again.urls[i], first.urls[i]) != 0)
            abort();
    binding_rank(&first, data, size, &a);
    binding_rank(&again, sealed, len, &b);
    int order = binding_rank_compare(&a, &b), back = binding_rank_compare(&b, &a);
    if ((order < 0) != (back > 0) || (order == 0) != (back == 0))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t type[] = "/beam/name-binding";
    static const struct envelope_kind kind = {"beam-name-binding", type, sizeof(type) - 1};
    static uint8_t sealed[ENVELOPE_MAX];
    static struct key_pair *pair;
    static const uint8_t seed[KEY_SEED_SIZE] = {7};
    size_t len;
    if (sodium_init() < 0 || (!pair && key_pair_from_seed(seed, &pair) < 0))
        abort();
    binding(pair, data, size);
    if (envelope_seal(pair, &kind, data, size, sealed, sizeof(sealed), &len) == 0)
        binding(pair, sealed, len);
    return 0;
}
