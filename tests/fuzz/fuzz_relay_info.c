/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a relay says of itself: the input is opened as it is, and once more as the payload of an
 * envelope of that kind, so that the fuzzer gets past the signature. What is read is written and
 * means the same.
 */
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "identity/envelope.h"
#include "relay/info.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void info(const struct key_pair *pair, const uint8_t *data, size_t size)
{
    static struct relay_info first, again;
    static uint8_t sealed[INFO_MAX];
    size_t len;
    if (info_open(data, size, &first) < 0 ||
        info_seal(pair, &first, sealed, sizeof(sealed), &len) < 0)
        return;
    if (info_open(sealed, len, &again) < 0 || again.made != first.made ||
        again.addr_count != first.addr_count || strcmp(again.url, first.url) != 0 ||
        strcmp(again.contact, first.contact) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t type[] = "/beam/relay-info";
    static const struct envelope_kind kind = {"beam-relay-info", type, sizeof(type) - 1};
    static uint8_t sealed[ENVELOPE_MAX];
    static struct key_pair *pair;
    static const uint8_t seed[KEY_SEED_SIZE] = {7};
    size_t len;
    if (sodium_init() < 0 || (!pair && key_pair_from_seed(seed, &pair) < 0))
        abort();
    info(pair, data, size);
    if (envelope_seal(pair, &kind, data, size, sealed, sizeof(sealed), &len) == 0)
        info(pair, sealed, len);
    return 0;
}
