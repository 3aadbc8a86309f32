/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/recent.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

struct place {
    uint32_t tag;  /* of whom; 0: nobody */
    uint32_t when; /* ms, and wraps */
};

struct recent {
    uint8_t key[crypto_shorthash_KEYBYTES];
    struct place places[RECENT_PLACES];
};

int recent_new(const struct rng *rng, struct recent **out)
{
    struct recent *r = calloc(1, sizeof(*r));
    if (!r)
        return BEAM_ENOMEM;
    rng->fill(rng->arg, r->key, sizeof(r->key));
    *out = r;
    return 0;
}

void recent_free(struct recent *r)
{
    free(r);
}

bool recent_hear(struct recent *r, const void *key, size_t len, uint64_t now_ms, uint64_t within_ms)
{
    uint8_t hash[crypto_shorthash_BYTES];
    uint32_t at, tag;
    crypto_shorthash(hash, key, len, r->key);
    memcpy(&at, hash, sizeof(at));
    memcpy(&tag, hash + sizeof(at), sizeof(tag));
    tag |= 1;
    struct place *p = &r->places[at % RECENT_PLACES];
    bool was = p->tag == tag && (uint32_t)now_ms - p->when <= within_ms;
    *p = (struct place){.tag = tag, .when = (uint32_t)now_ms};
    return was;
}
