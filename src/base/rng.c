/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/rng.h"

#include <assert.h>

#include <sodium.h>

static void fill_system(void *arg, void *out, size_t len)
{
    (void)arg;
    randombytes_buf(out, len);
}

const struct rng *rng_system(void)
{
    static const struct rng rng = {fill_system, NULL};
    return &rng;
}

uint32_t rng_below(const struct rng *rng, uint32_t bound)
{
    assert(bound > 0);
    /* The last 2^32 mod bound values would favour small remainders: draw again on those. */
    uint32_t excess = (UINT32_MAX % bound + 1) % bound;
    uint32_t v;
    do
        rng->fill(rng->arg, &v, sizeof(v));
    while (v > UINT32_MAX - excess);
    return v % bound;
}
