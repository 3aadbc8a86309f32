/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/known.h"

#include "base/backoff.h"

static struct known_row *find(struct known *k, const struct peer_id *relay)
{
    for (size_t i = 0; i < k->n; i++)
        if (peer_id_equal(&k->rows[i].info.id, relay))
            return &k->rows[i];
    return NULL;
}

/* It was given and left again, or its word is old beside that of the other. */
static bool makes_room(const struct known *k, const struct known_row *row,
                       const struct relay_info *info)
{
    return (row->given && !peer_id_equal(&row->info.id, &k->last)) ||
           info->made >= row->info.made + KNOWN_SILENT_MS;
}

/* Of those that make room the one whose word is the oldest. */
static struct known_row *room(struct known *k, const struct relay_info *info)
{
    struct known_row *oldest = NULL;
    if (k->n < KNOWN_MAX)
        return &k->rows[k->n++];
    for (size_t i = 0; i < k->n; i++) {
        struct known_row *row = &k->rows[i];
        if (makes_room(k, row, info) && (!oldest || row->info.made < oldest->info.made))
            oldest = row;
    }
    return oldest;
}

void known_add(struct known *k, const struct relay_info *info)
{
    struct known_row *row = find(k, &info->id);
    if (!row && (row = room(k, info)) != NULL)
        *row = (struct known_row){.info = *info};
    else if (row && row->info.made <= info->made)
        row->info = *info;
}

static double weigh(const struct known_row *row, const struct history *history, unsigned kinds)
{
    const struct pick_history seen = history_of(history, &row->info.id);
    return pick_weight(&row->info, &seen, kinds);
}

static struct known_row *next_new(struct known *k, const struct history *history, unsigned kinds,
                                  const struct rng *rng)
{
    double weights[KNOWN_MAX];
    for (size_t i = 0; i < k->n; i++) {
        struct known_row *row = &k->rows[i];
        if (!row->given && peer_id_equal(&row->info.id, &k->preferred))
            return row; /* though it may be full: we have a place there */
        weights[i] = row->given ? 0 : weigh(row, history, kinds);
    }
    size_t i = pick_one(weights, k->n, rng);
    return i < k->n ? &k->rows[i] : NULL;
}

/* The one whose rest was over first. */
static struct known_row *next_again(struct known *k, const struct history *history, unsigned kinds,
                                    uint64_t now)
{
    struct known_row *first = NULL;
    for (size_t i = 0; i < k->n; i++) {
        struct known_row *row = &k->rows[i];
        if (row->given && now >= row->rest_ends && weigh(row, history, kinds) > 0 &&
            (!first || row->rest_ends < first->rest_ends))
            first = row;
    }
    return first;
}

const struct relay_info *known_next(struct known *k, const struct history *history, unsigned kinds,
                                    const struct rng *rng, uint64_t now)
{
    struct known_row *row = next_new(k, history, kinds, rng);
    if (!row)
        row = next_again(k, history, kinds, now);
    if (!row)
        return NULL;
    row->given = true;
    row->rest_ends = now + backoff_pause(row->failures++, KNOWN_REST_MIN_MS, KNOWN_REST_MAX_MS);
    k->last = row->info.id;
    return &row->info;
}

void known_served(struct known *k, const struct peer_id *relay)
{
    struct known_row *row = find(k, relay);
    if (row)
        row->failures = 0;
}
