/* SPDX-License-Identifier: BSD-3-Clause */
/* Chance that follows from a seed (the generator is splitmix64). */
#ifndef BEAM_TESTS_SIM_DICE_H
#define BEAM_TESTS_SIM_DICE_H

#include <stddef.h>
#include <stdint.h>

struct dice {
    uint64_t state; /* the seed, at first */
};

uint64_t dice_draw(struct dice *d);
/* Uniform in [0, 1). */
double dice_part(struct dice *d);
/* As struct rng has it; arg is the struct dice. */
void dice_fill(void *arg, void *out, size_t len);

#endif
