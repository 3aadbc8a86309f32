/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/sim/dice.h"

uint64_t dice_draw(struct dice *d)
{
    uint64_t z = d->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

double dice_part(struct dice *d)
{
    return (double)(dice_draw(d) >> 11) / 9007199254740992.0;
}

void dice_fill(void *arg, void *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)out)[i] = (uint8_t)dice_draw(arg);
}
