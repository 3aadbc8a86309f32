/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/heard.h"

#include <stdlib.h>

#include "base/err.h"

static struct heard_row *find(struct heard *h, const struct peer_id *id)
{
    for (size_t i = 0; i < h->n; i++)
        if (peer_id_equal(&h->rows[i].info.id, id))
            return &h->rows[i];
    return NULL;
}

static bool is_silent(const struct heard_row *row, uint64_t now)
{
    return now - row->at >= HEARD_SILENT_MS;
}

/* How many rows came by the same peer, and by the same network. */
static size_t of_way(const struct heard *h, const struct ration_share *share)
{
    size_t n = 0;
    for (size_t i = 0; i < h->n; i++) {
        n += peer_id_equal(&h->rows[i].share.peer, &share->peer);
        n += census_source_equal(&h->rows[i].share.network, &share->network);
    }
    return n;
}

/* One of those who came by the way of most, if these are still more with one less. */
static struct heard_row *of_most(struct heard *h, const struct ration_share *share)
{
    size_t most = of_way(h, share) + 2;
    struct heard_row *found = NULL;
    for (size_t i = 0; i < h->n; i++) {
        size_t n = of_way(h, &h->rows[i].share);
        if (n > most) {
            most = n;
            found = &h->rows[i];
        }
    }
    return found;
}

/* A row for another one; NULL: all are taken by those who go on speaking. */
static struct heard_row *room(struct heard *h, const struct ration_share *share, uint64_t now)
{
    if (h->n < HEARD_MAX)
        return &h->rows[h->n++];
    for (size_t i = 0; i < h->n; i++)
        if (is_silent(&h->rows[i], now))
            return &h->rows[i];
    return of_most(h, share);
}

static enum router_verdict judge(struct heard *h, const struct ration_share *share,
                                 const struct relay_info *info, uint64_t wall_ms, uint64_t now)
{
    static const struct ration_limit limit = {.at_once = HEARD_NEW_MAX, .every_ms = HEARD_NEW_MS};
    struct heard_row *row = find(h, &info->id);
    if (info->made > wall_ms + INFO_AHEAD_MS || info->made + INFO_LIFE_MS < wall_ms)
        return ROUTER_IGNORE;
    if (row && (info->made <= row->info.made || now - row->at < HEARD_AGAIN_MS))
        return ROUTER_IGNORE;
    if (!row && !ration_take(&h->new_ones, &limit, share, now))
        return ROUTER_DECLINE;
    if (!row && (row = room(h, share, now)))
        row->share = *share;
    if (row) {
        row->at = now;
        row->info = *info;
    }
    return ROUTER_ACCEPT;
}

enum router_verdict heard_judge(struct heard *h, const struct ration_share *share, const void *data,
                                size_t len, uint64_t wall_ms, uint64_t now)
{
    struct relay_info *info = malloc(sizeof(*info));
    enum router_verdict v = ROUTER_REJECT;
    int err = info ? info_open(data, len, info) : BEAM_ENOMEM;
    if (err == BEAM_ENOMEM)
        v = ROUTER_IGNORE;
    else if (err == 0 && peer_id_equal(&info->id, &share->author))
        v = judge(h, share, info, wall_ms, now);
    free(info);
    return v;
}

const struct relay_info *heard_known(const struct heard *h, size_t i, uint64_t now)
{
    for (size_t k = 0; k < h->n; k++)
        if (!is_silent(&h->rows[k], now) && i-- == 0)
            return &h->rows[k].info;
    return NULL;
}
