/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/backoff.h"

uint64_t backoff_pause(unsigned failures, uint64_t least, uint64_t most)
{
    uint64_t pause = least;
    while (failures-- > 0 && pause < most)
        pause = pause > most / 2 ? most : pause * 2;
    return pause < most ? pause : most;
}
