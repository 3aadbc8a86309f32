/* SPDX-License-Identifier: BSD-3-Clause */
#include "names/latest.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/err.h"
#include "base/map.h"

struct row {
    TAILQ_ENTRY(row) link;
    uint8_t key[KEY_ED25519_SIZE];
    struct binding_rank rank;
    uint64_t at; /* when; ms */
};
TAILQ_HEAD(rows, row);

struct latest {
    size_t max;
    struct map *by_key;
    struct rows by_age; /* who spoke last is the last */
    struct ration new_ones;
};

int latest_new(const struct rng *rng, size_t max, struct latest **out)
{
    struct latest *l = calloc(1, sizeof(*l));
    if (!l)
        return BEAM_ENOMEM;
    l->max = max;
    TAILQ_INIT(&l->by_age);
    int err = map_new(rng, max, &l->by_key);
    if (err < 0)
        free(l);
    else
        *out = l;
    return err;
}

static void forget(struct latest *l, struct row *row)
{
    TAILQ_REMOVE(&l->by_age, row, link);
    (void)map_take(l->by_key, row->key, sizeof(row->key));
    free(row);
}

void latest_free(struct latest *l)
{
    if (!l)
        return;
    while (!TAILQ_EMPTY(&l->by_age))
        forget(l, TAILQ_FIRST(&l->by_age));
    map_free(l->by_key);
    free(l);
}

static int add(struct latest *l, const uint8_t key[KEY_ED25519_SIZE], struct row **out)
{
    struct row *row = calloc(1, sizeof(*row));
    if (!row)
        return BEAM_ENOMEM;
    if (map_count(l->by_key) >= l->max)
        forget(l, TAILQ_FIRST(&l->by_age));
    memcpy(row->key, key, sizeof(row->key));
    int err = map_put(l->by_key, row->key, sizeof(row->key), row);
    if (err < 0) {
        free(row);
        return err;
    }
    TAILQ_INSERT_TAIL(&l->by_age, row, link);
    *out = row;
    return 0;
}

static bool is_news(const struct row *row, const struct binding_rank *rank, uint64_t now)
{
    return now - row->at >= LATEST_AGAIN_MS && binding_rank_compare(rank, &row->rank) < 0;
}

enum router_verdict latest_judge(struct latest *l, const struct ration_share *share,
                                 const void *data, size_t len, struct kad_now now,
                                 struct binding *out)
{
    static const struct ration_limit limit = {.at_once = LATEST_NEW_MAX, .every_ms = LATEST_NEW_MS};
    struct binding_rank rank;
    int err = binding_open(data, len, out);
    if (err < 0)
        return err == BEAM_ENOMEM ? ROUTER_IGNORE : ROUTER_REJECT;
    if (!binding_holds(out, now.wall_ms))
        return ROUTER_IGNORE;
    binding_rank(out, data, len, &rank);
    struct row *row = map_get(l->by_key, out->key, sizeof(out->key));
    if (row && !is_news(row, &rank, now.ms))
        return ROUTER_IGNORE;
    if (!row && !ration_take(&l->new_ones, &limit, share, now.ms))
        return ROUTER_DECLINE;
    if (!row && add(l, out->key, &row) < 0)
        return ROUTER_IGNORE;
    row->rank = rank;
    row->at = now.ms;
    TAILQ_REMOVE(&l->by_age, row, link);
    TAILQ_INSERT_TAIL(&l->by_age, row, link);
    return ROUTER_ACCEPT;
}
