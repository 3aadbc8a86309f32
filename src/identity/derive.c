/* SPDX-License-Identifier: BSD-3-Clause */
#include "identity/derive.h"

#include <sodium.h>
#include <string.h>

#include "base/err.h"

static const char label[] = "beam-keystore 1";

const char *derive_purpose_name(enum derive_purpose purpose)
{
    switch (purpose) {
    case DERIVE_NODE:
        return "node";
    case DERIVE_PERSONA:
        return "persona";
    case DERIVE_NAME:
        return "name";
    case DERIVE_ONION:
        return "onion";
    case DERIVE_CA:
        return "ca";
    case DERIVE_LABEL:
        return "label";
    case DERIVE_COOKIE:
        return "cookie";
    }
    return NULL;
}

int derive_seed(const uint8_t master[DERIVE_SEED_SIZE], enum derive_purpose purpose,
                const void *context, size_t len, uint8_t out[DERIVE_SEED_SIZE])
{
    const char *name = derive_purpose_name(purpose);
    crypto_generichash_state st;
    if (!name)
        return BEAM_EINVAL;
    if (len > DERIVE_CONTEXT_MAX)
        return BEAM_ELIMIT;
    crypto_generichash_init(&st, master, DERIVE_SEED_SIZE, DERIVE_SEED_SIZE);
    /* Both texts with their NUL, so that no two inputs run together alike. */
    crypto_generichash_update(&st, (const uint8_t *)label, sizeof(label));
    crypto_generichash_update(&st, (const uint8_t *)name, strlen(name) + 1);
    if (len > 0)
        crypto_generichash_update(&st, context, len);
    crypto_generichash_final(&st, out, DERIVE_SEED_SIZE);
    sodium_memzero(&st, sizeof(st));
    return 0;
}
