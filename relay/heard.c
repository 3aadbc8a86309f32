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

/* A row for another one; NULL: all are taken by those who go on speaking. */
static struct heard_row *room(struct heard *h, uint64_t now)
{
    if (h->n < HEARD_MAX)
        return &h->rows[h->n++];
    for (size_t i = 0; i < h->n; i++)
        if (is_silent(&h->rows[i], now))
            return &h->rows[i];
    return NULL;
}

/* Whether one more new one may be heard. */
static bool may_be_new(struct heard *h, uint64_t now)
{
    uint64_t back = (now - h->since) / HEARD_NEW_MS;
    h->spent = back < h->spent ? h->spent - back : 0;
    h->since += back * HEARD_NEW_MS;
    if (h->spent >= HEARD_NEW_MAX)
        return false;
    h->spent++;
    return true;
}

static enum router_verdict judge(struct heard *h, const struct relay_info *info, uint64_t wall_ms,
                                 uint64_t now)
{
    struct heard_row *row = find(h, &info->id);
    if (info->made > wall_ms + INFO_AHEAD_MS || info->made + INFO_LIFE_MS < wall_ms)
        return ROUTER_IGNORE;
    if (row && (info->made <= row->info.made || now - row->at < HEARD_AGAIN_MS))
        return ROUTER_IGNORE;
    if (!row && !may_be_new(h, now))
        return ROUTER_IGNORE;
    if (!row)
        row = room(h, now);
    if (row)
        *row = (struct heard_row){.at = now, .info = *info};
    return ROUTER_ACCEPT;
}

enum router_verdict heard_judge(struct heard *h, const struct peer_id *author, const void *data,
                                size_t len, uint64_t wall_ms, uint64_t now)
{
    struct relay_info *info = malloc(sizeof(*info));
    enum router_verdict v = ROUTER_REJECT;
    int err = info ? info_open(data, len, info) : BEAM_ENOMEM;
    if (err == BEAM_ENOMEM)
        v = ROUTER_IGNORE;
    else if (err == 0 && peer_id_equal(&info->id, author))
        v = judge(h, info, wall_ms, now);
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
