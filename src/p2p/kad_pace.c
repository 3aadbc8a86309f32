/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/kad_pace.h"

/* Each moves it by an eighth of what it differs (as RFC 6298 has it for round trips). */
void kad_pace_took(struct kad_pace *p, uint64_t ms)
{
    p->usual = p->usual == 0 ? 8 * ms + 1 : p->usual - p->usual / 8 + ms;
}

uint64_t kad_pace_slow(const struct kad_pace *p)
{
    uint64_t slow = KAD_PACE_TIMES * p->usual / 8;
    if (p->usual == 0)
        return KAD_PACE_FIRST_MS;
    if (slow < KAD_PACE_LEAST_MS)
        return KAD_PACE_LEAST_MS;
    return slow > KAD_PACE_MOST_MS ? KAD_PACE_MOST_MS : slow;
}
