/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/yamux_ids.h"

#include <string.h>

static uint64_t bit(uint32_t n)
{
    return UINT64_C(1) << (n % 64);
}

static uint32_t word(uint32_t n)
{
    return n % YAMUX_IDS_WINDOW / 64;
}

bool yamux_ids_used(const struct yamux_ids *ids, uint32_t id)
{
    uint32_t n = id / 2;
    if (n >= ids->next)
        return false;
    return ids->next - n > YAMUX_IDS_WINDOW || (ids->used[word(n)] & bit(n)) != 0;
}

bool yamux_ids_use(struct yamux_ids *ids, uint32_t id)
{
    uint32_t n = id / 2;
    if (yamux_ids_used(ids, id))
        return false;
    if (n >= ids->next && n - ids->next >= YAMUX_IDS_WINDOW) {
        memset(ids->used, 0, sizeof(ids->used));
        ids->next = n + 1;
    }
    for (; ids->next <= n; ids->next++)
        ids->used[word(ids->next)] &= ~bit(ids->next);
    ids->used[word(n)] |= bit(n);
    return true;
}
