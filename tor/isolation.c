/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/isolation.h"

#include <assert.h>
#include <string.h>

#include <sodium.h>

#include "base/text.h"

enum { HALF = (ISOLATION_TEXT_SIZE - 1) / 2 };
static_assert(crypto_generichash_BYTES == 2 * HALF, "one hash fills user and password");

void isolation_init(struct isolation *iso, const struct rng *rng)
{
    rng->fill(rng->arg, iso->secret, sizeof(iso->secret));
}

/* The NUL goes in too, so that no two pairs run together to the same bytes. */
static void add(crypto_generichash_state *st, const char *text)
{
    crypto_generichash_update(st, (const unsigned char *)text, strlen(text) + 1);
}

void isolation_for(const struct isolation *iso, const char *persona, const char *destination,
                   char *user, char *password)
{
    crypto_generichash_state st;
    unsigned char hash[2 * HALF];
    crypto_generichash_init(&st, iso->secret, sizeof(iso->secret), sizeof(hash));
    add(&st, persona);
    add(&st, destination);
    crypto_generichash_final(&st, hash, sizeof(hash));
    text_hex_encode(hash, HALF, user, ISOLATION_TEXT_SIZE);
    text_hex_encode(hash + HALF, HALF, password, ISOLATION_TEXT_SIZE);
    sodium_memzero(&st, sizeof(st));
    sodium_memzero(hash, sizeof(hash));
}
