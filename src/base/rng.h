/* SPDX-License-Identifier: BSD-3-Clause */
/* Randomness, replaceable by tests. */
#ifndef BEAM_BASE_RNG_H
#define BEAM_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

struct rng {
    void (*fill)(void *arg, void *out, size_t len);
    void *arg;
};

/* The system's generator through libsodium (sodium_init must have been called). Static storage. */
const struct rng *rng_system(void);
/* Uniform in [0, bound), bound > 0. */
uint32_t rng_below(const struct rng *rng, uint32_t bound);

#endif
