/* SPDX-License-Identifier: BSD-3-Clause */
#include "tunnel/persona.h"

#include <sodium.h>
#include <string.h>

#include "tunnel/legacy.h"

/* The context of both its keys: BLAKE2b-128 of target and name, the NUL between them included so
 * that no two pairs run together alike. */
static void context_of(const char *target, const char *name, uint8_t out[LEGACY_CONTEXT_SIZE])
{
    crypto_generichash_state st;
    crypto_generichash_init(&st, NULL, 0, LEGACY_CONTEXT_SIZE);
    crypto_generichash_update(&st, (const uint8_t *)target, strlen(target) + 1);
    crypto_generichash_update(&st, (const uint8_t *)name, strlen(name));
    crypto_generichash_final(&st, out, LEGACY_CONTEXT_SIZE);
}

static int no_memory(struct beam_why *why)
{
    return beam_why(why, BEAM_ENOMEM, "tunnel: out of locked memory for its keys");
}

static int derive_onion(struct keystore *keys, const uint8_t *context, struct onion_key **out,
                        struct beam_why *why)
{
    uint8_t seed[DERIVE_SEED_SIZE];
    int err = keystore_seed(keys, DERIVE_ONION, context, LEGACY_CONTEXT_SIZE, seed, why);
    if (err < 0)
        return err;
    err = onion_key_from_seed(seed, out);
    sodium_memzero(seed, sizeof(seed));
    return err < 0 ? no_memory(why) : 0;
}

static int find_onion(struct keystore *keys, const uint8_t *context, struct onion_key **out,
                      struct beam_why *why)
{
    const uint8_t *secret;
    size_t len;
    int err = keystore_entry(keys, DERIVE_ONION, context, LEGACY_CONTEXT_SIZE, &secret, &len, why);
    if (err == BEAM_ENOTFOUND)
        return derive_onion(keys, context, out, why);
    if (err < 0)
        return err;
    err = len == ONION_SECRET_SIZE ? onion_key_from_secret(secret, out) : BEAM_EINVAL;
    if (err == BEAM_EINVAL)
        return beam_why(why, err, "key store: what it has for this tunnel is no onion key");
    return err < 0 ? no_memory(why) : 0;
}

int persona_open(struct keystore *keys, const char *target, const char *name, struct persona *out,
                 struct beam_why *why)
{
    struct persona p = {0};
    uint8_t context[LEGACY_CONTEXT_SIZE];
    context_of(target, name, context);
    int err = legacy_move(keys, why);
    if (err == 0)
        err = legacy_check(keys, context, why);
    if (err == 0)
        err = keystore_pair(keys, DERIVE_PERSONA, context, sizeof(context), &p.identity, why);
    if (err == 0)
        err = find_onion(keys, context, &p.onion, why);
    if (err < 0)
        persona_clear(&p);
    else
        *out = p;
    return err;
}

int persona_make(const struct rng *rng, struct persona *out, struct beam_why *why)
{
    struct persona p = {0};
    if (key_pair_new(rng, &p.identity) < 0 || onion_key_new(rng, &p.onion) < 0) {
        persona_clear(&p);
        return no_memory(why);
    }
    *out = p;
    return 0;
}

void persona_clear(struct persona *p)
{
    key_pair_free(p->identity);
    onion_key_free(p->onion);
    *p = (struct persona){0};
}
