/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/pick.h"

/* A relay of which nothing is known counts as one that served once in two times, in two seconds. */
static double success_of(const struct pick_history *h)
{
    return ((double)h->served + 1) / ((double)h->served + (double)h->failed + 2);
}

static double speed_of(const struct pick_history *h)
{
    double seconds = h->ms ? (double)h->ms / 1000 : 2;
    return 1 / (0.5 + seconds);
}

/* The emptier half of a relay is as good as an empty one. */
static double room_of(const struct relay_info *info)
{
    double room = 1 - (double)info->reservations / (double)info->max_reservations;
    return room > 0.5 ? 1 : 2 * room;
}

double pick_weight(const struct relay_info *info, const struct pick_history *history,
                   unsigned kinds)
{
    if (info->addr_count == 0 || (info->kinds & kinds) != kinds ||
        info->reservations >= info->max_reservations)
        return 0;
    double success = success_of(history);
    return success * success * speed_of(history) * room_of(info);
}

size_t pick_one(const double *weights, size_t n, const struct rng *rng)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += weights[i];
    double at = sum * rng_below(rng, UINT32_MAX) / UINT32_MAX;
    for (size_t i = 0; i < n; i++) {
        if (weights[i] > 0 && at < weights[i])
            return i;
        at -= weights[i];
    }
    return n;
}
