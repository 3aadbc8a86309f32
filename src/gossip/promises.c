/* SPDX-License-Identifier: BSD-3-Clause */
#include "gossip/promises.h"

#include <string.h>

static bool is_of(const struct promise *p, const void *id, size_t len)
{
    return p->len == len && memcmp(p->id, id, len) == 0;
}

void promises_add(struct promises *p, const struct peer_id *by, struct rpc_text id, uint64_t due)
{
    size_t same = 0;
    if (id.len > RPC_ID_MAX)
        return;
    for (size_t i = 0; i < p->n; i++) {
        if (!peer_id_equal(&p->list[i].by, by))
            continue;
        same++;
        if (is_of(&p->list[i], id.at, id.len))
            return;
    }
    if (same == PROMISES_PER_PEER || p->n == PROMISES_MAX)
        return;
    struct promise *x = &p->list[p->n++];
    *x = (struct promise){.by = *by, .due = due, .len = id.len};
    memcpy(x->id, id.at, id.len);
}

static void take(struct promises *p, size_t i)
{
    p->list[i] = p->list[--p->n];
}

void promises_kept(struct promises *p, const void *id, size_t len)
{
    for (size_t i = p->n; i-- > 0;)
        if (is_of(&p->list[i], id, len))
            take(p, i);
}

bool promises_broken(struct promises *p, uint64_t now, struct peer_id *by)
{
    for (size_t i = 0; i < p->n; i++) {
        if (p->list[i].due > now)
            continue;
        *by = p->list[i].by;
        take(p, i);
        return true;
    }
    return false;
}

void promises_forget(struct promises *p, const struct peer_id *by)
{
    for (size_t i = p->n; i-- > 0;)
        if (peer_id_equal(&p->list[i].by, by))
            take(p, i);
}
