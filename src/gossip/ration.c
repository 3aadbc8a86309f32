/* SPDX-License-Identifier: BSD-3-Clause */
#include "gossip/ration.h"

static const struct ration_share *at(const struct ration *r, size_t i)
{
    return &r->shares[(r->first + i) % RATION_MAX];
}

static void let_go(struct ration *r, uint64_t every_ms, uint64_t now)
{
    uint64_t over = (now - r->since) / every_ms;
    if (over >= r->n) {
        r->n = 0;
        r->since = now;
        return;
    }
    r->first = (r->first + (size_t)over) % RATION_MAX;
    r->n -= (size_t)over;
    r->since += over * every_ms;
}

static bool has_room(const struct ration *r, const struct ration_limit *limit,
                     const struct ration_share *share)
{
    size_t of_way = 0, of_author = 0, left = limit->at_once - r->n;
    for (size_t i = 0; i < r->n; i++) {
        of_way += peer_id_equal(&at(r, i)->peer, &share->peer);
        of_way += census_source_equal(&at(r, i)->network, &share->network);
        of_author += peer_id_equal(&at(r, i)->author, &share->author);
    }
    return of_way < left && of_author < left;
}

bool ration_take(struct ration *r, const struct ration_limit *limit,
                 const struct ration_share *share, uint64_t now)
{
    let_go(r, limit->every_ms, now);
    if (!has_room(r, limit, share))
        return false;
    r->shares[(r->first + r->n++) % RATION_MAX] = *share;
    return true;
}
