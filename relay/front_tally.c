/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/front_tally.h"

#include <stdlib.h>
#include <string.h>

struct front_tally {
    uint8_t id[RESERVATION_ID_SIZE];
    size_t n;
};

int front_tallies_init(struct front_tallies *t, const struct rng *rng, size_t all, size_t each)
{
    t->each = each;
    return map_new(rng, all, &t->map);
}

void front_tallies_free(struct front_tallies *t)
{
    map_free(t->map);
    t->map = NULL;
}

static struct front_tally *tally_of(struct front_tallies *all,
                                    const uint8_t id[RESERVATION_ID_SIZE])
{
    struct front_tally *t = map_get(all->map, id, RESERVATION_ID_SIZE);
    if (t)
        return t;
    t = calloc(1, sizeof(*t));
    if (!t)
        return NULL;
    memcpy(t->id, id, sizeof(t->id));
    if (map_put(all->map, t->id, sizeof(t->id), t) == 0)
        return t;
    free(t);
    return NULL;
}

struct front_tally *front_tally_join(struct front_tallies *all,
                                     const uint8_t id[RESERVATION_ID_SIZE])
{
    struct front_tally *t = tally_of(all, id);
    if (!t || t->n == all->each)
        return NULL;
    t->n++;
    return t;
}

void front_tally_leave(struct front_tallies *all, struct front_tally *place)
{
    if (!place || --place->n > 0)
        return;
    (void)map_take(all->map, place->id, sizeof(place->id));
    free(place);
}

bool front_tally_is_of(const struct front_tally *place, const uint8_t id[RESERVATION_ID_SIZE])
{
    return place && memcmp(place->id, id, sizeof(place->id)) == 0;
}

size_t front_tally_count(const struct front_tallies *all, const uint8_t id[RESERVATION_ID_SIZE])
{
    const struct front_tally *t = map_get(all->map, id, RESERVATION_ID_SIZE);
    return t ? t->n : 0;
}
