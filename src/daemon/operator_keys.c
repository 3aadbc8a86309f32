/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/operator_keys.h"

#include <sodium.h>

#include "identity/keystore.h"

static int read_onion(struct operator_keys *k, struct keystore *ks, struct beam_why *why)
{
    uint8_t seed[DERIVE_SEED_SIZE];
    int err = keystore_seed(ks, DERIVE_ONION, "", 0, seed, why);
    if (err < 0)
        return err;
    err = onion_key_from_seed(seed, &k->onion);
    sodium_memzero(seed, sizeof(seed));
    return err < 0 ? beam_why(why, err, "relay: out of locked memory") : 0;
}

/* What relays of one name share, when they share the key store. */
static int read_interstitial(struct operator_keys *k, struct keystore *ks, struct beam_why *why)
{
    uint8_t seed[DERIVE_SEED_SIZE];
    int err = keystore_seed(ks, DERIVE_COOKIE, "", 0, seed, why);
    if (err < 0)
        return err;
    err = interstitial_new(seed, &k->interstitial);
    sodium_memzero(seed, sizeof(seed));
    return err < 0 ? beam_why(why, err, "relay: out of locked memory") : 0;
}

int operator_keys_read(const char *dir, struct operator_keys *out, struct beam_why *why)
{
    struct keystore *ks;
    int err = keystore_new(dir, KEYSTORE_OWN, rng_system(), &ks);
    if (err < 0)
        return beam_why(why, err, "relay: out of memory");
    err = keystore_pair(ks, DERIVE_NODE, "", 0, &out->pair, why);
    if (err == 0)
        err = read_onion(out, ks, why);
    if (err == 0)
        err = read_interstitial(out, ks, why);
    keystore_free(ks);
    return err;
}

void operator_keys_clear(struct operator_keys *k)
{
    key_pair_free(k->pair);
    onion_key_free(k->onion);
    interstitial_free(k->interstitial);
    *k = (struct operator_keys){.pair = NULL};
}
