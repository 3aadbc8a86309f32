/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/work.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/map.h"

enum {
    MAC_SIZE = WORK_SEED_SIZE - 1,
    LOAD_BEGIN = 50, /* from here on work is asked */
    BITS_FIRST = 14,
    BITS_LAST = 22,
    BITS_FULL = 18
};

static const char label[] = "beam relay work";

struct work {
    uint8_t secret[crypto_generichash_KEYBYTES];
    const struct rng *rng;
    struct map *spent; /* by seed and nonce; the values are of no meaning */
    uint64_t epoch;    /* when the first of these was taken */
};

int work_new(const struct rng *rng, struct work **out)
{
    struct work *w = calloc(1, sizeof(*w));
    if (!w)
        return BEAM_ENOMEM;
    w->rng = rng;
    rng->fill(rng->arg, w->secret, sizeof(w->secret));
    int err = map_new(rng, WORK_SPENT_MAX, &w->spent);
    if (err < 0)
        work_free(w);
    else
        *out = w;
    return err;
}

void work_free(struct work *w)
{
    if (!w)
        return;
    map_free(w->spent);
    sodium_memzero(w->secret, sizeof(w->secret));
    free(w);
}

static void make_seed(const struct work *w, const struct peer_id *owner, unsigned bits,
                      uint64_t epoch, uint8_t out[WORK_SEED_SIZE])
{
    crypto_generichash_state state;
    uint8_t head[9] = {(uint8_t)bits};
    for (size_t i = 0; i < 8; i++)
        head[1 + i] = (uint8_t)(epoch >> (56 - 8 * i));
    out[0] = (uint8_t)bits;
    crypto_generichash_init(&state, w->secret, sizeof(w->secret), MAC_SIZE);
    crypto_generichash_update(&state, head, sizeof(head));
    crypto_generichash_update(&state, owner->bytes, owner->len);
    crypto_generichash_final(&state, out + 1, MAC_SIZE);
}

void work_seed(const struct work *w, const struct peer_id *owner, unsigned bits, uint64_t now_ms,
               uint8_t out[WORK_SEED_SIZE])
{
    make_seed(w, owner, bits, now_ms / WORK_EPOCH_MS, out);
}

/* ---- answers -------------------------------------------------------------------------------- */

/* What is hashed: all of it but the nonce is hashed once for many. */
static void begin(const struct peer_id *owner, const uint8_t seed[WORK_SEED_SIZE],
                  crypto_hash_sha256_state *out)
{
    crypto_hash_sha256_init(out);
    crypto_hash_sha256_update(out, (const uint8_t *)label, sizeof(label) - 1);
    crypto_hash_sha256_update(out, owner->bytes, owner->len);
    crypto_hash_sha256_update(out, seed, WORK_SEED_SIZE);
}

static bool solves(const crypto_hash_sha256_state *begun, unsigned bits,
                   const uint8_t nonce[WORK_NONCE_SIZE])
{
    crypto_hash_sha256_state state = *begun;
    uint8_t hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_update(&state, nonce, WORK_NONCE_SIZE);
    crypto_hash_sha256_final(&state, hash);
    unsigned zeros = 0;
    while (zeros < bits && !(hash[zeros / 8] & (0x80 >> zeros % 8)))
        zeros++;
    return zeros == bits;
}

bool work_try(const struct peer_id *owner, const uint8_t seed[WORK_SEED_SIZE], unsigned bits,
              uint64_t *next, unsigned tries, uint8_t out[WORK_NONCE_SIZE])
{
    crypto_hash_sha256_state begun;
    uint8_t nonce[WORK_NONCE_SIZE];
    begin(owner, seed, &begun);
    for (unsigned i = 0; i < tries; i++, (*next)++) {
        for (size_t k = 0; k < sizeof(nonce); k++)
            nonce[k] = (uint8_t)(*next >> (56 - 8 * k));
        if (!solves(&begun, bits, nonce))
            continue;
        memcpy(out, nonce, sizeof(nonce));
        return true;
    }
    return false;
}

static bool is_ours(const struct work *w, const struct peer_id *owner,
                    const uint8_t seed[WORK_SEED_SIZE], uint64_t epoch)
{
    uint8_t again[WORK_SEED_SIZE];
    make_seed(w, owner, seed[0], epoch, again);
    return sodium_memcmp(again, seed, sizeof(again)) == 0;
}

/* Those of an epoch before the last can come no more. */
static int forget_old(struct work *w, uint64_t epoch)
{
    struct map *fresh;
    if (epoch < w->epoch + 2 && map_count(w->spent) > 0)
        return 0;
    w->epoch = epoch;
    if (map_count(w->spent) == 0)
        return 0;
    int err = map_new(w->rng, WORK_SPENT_MAX, &fresh);
    if (err < 0)
        return err;
    map_free(w->spent);
    w->spent = fresh;
    return 0;
}

int work_check(struct work *w, const struct peer_id *owner, const uint8_t seed[WORK_SEED_SIZE],
               const uint8_t nonce[WORK_NONCE_SIZE], uint64_t now_ms)
{
    uint8_t key[WORK_SEED_SIZE + WORK_NONCE_SIZE];
    uint64_t epoch = now_ms / WORK_EPOCH_MS;
    crypto_hash_sha256_state begun;
    if (!is_ours(w, owner, seed, epoch) && (epoch == 0 || !is_ours(w, owner, seed, epoch - 1)))
        return BEAM_EAUTH;
    begin(owner, seed, &begun);
    if (!solves(&begun, seed[0], nonce))
        return BEAM_EAUTH;
    int err = forget_old(w, epoch);
    if (err < 0)
        return err;
    memcpy(key, seed, WORK_SEED_SIZE);
    memcpy(key + WORK_SEED_SIZE, nonce, WORK_NONCE_SIZE);
    return map_put(w->spent, key, sizeof(key), w);
}

unsigned work_bits(unsigned load, unsigned full)
{
    unsigned bits = 0;
    if (load >= LOAD_BEGIN)
        bits = BITS_FIRST + (load - LOAD_BEGIN) * (BITS_LAST - BITS_FIRST) / (100 - LOAD_BEGIN);
    return full >= 100 && bits < BITS_FULL ? BITS_FULL : bits;
}
