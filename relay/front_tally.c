/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/front_tally.h"

#include <stdlib.h>
#include <string.h>

struct of_endpoint {
    uint8_t id[RESERVATION_ID_SIZE];
    size_t n;
};

/* Without padding, so that its bytes are a key. */
struct whose {
    uint8_t id[RESERVATION_ID_SIZE];
    struct net source; /* zeroed: none is known */
};

/* The visits that one source has at an endpoint. */
struct front_tally {
    struct whose whose;
    struct of_endpoint *endpoint;
    size_t n;
};

int front_tallies_init(struct front_tallies *t, const struct rng *rng, size_t all,
                       const struct front_tally_limits *limits)
{
    t->limits = *limits;
    int err = map_new(rng, all, &t->endpoints);
    if (err == 0 && (err = map_new(rng, all, &t->places)) < 0)
        map_free(t->endpoints);
    return err;
}

void front_tallies_free(struct front_tallies *t)
{
    map_free(t->endpoints);
    map_free(t->places);
    t->endpoints = t->places = NULL;
}

static struct of_endpoint *endpoint_of(struct front_tallies *all,
                                       const uint8_t id[RESERVATION_ID_SIZE])
{
    struct of_endpoint *e = map_get(all->endpoints, id, RESERVATION_ID_SIZE);
    if (e)
        return e;
    e = calloc(1, sizeof(*e));
    if (!e)
        return NULL;
    memcpy(e->id, id, sizeof(e->id));
    if (map_put(all->endpoints, e->id, sizeof(e->id), e) == 0)
        return e;
    free(e);
    return NULL;
}

static void tidy(struct front_tallies *all, struct of_endpoint *e)
{
    if (e->n > 0)
        return;
    (void)map_take(all->endpoints, e->id, sizeof(e->id));
    free(e);
}

/* The first of this source's, or NULL. */
static struct front_tally *add(struct front_tallies *all, const struct whose *whose)
{
    struct of_endpoint *e = endpoint_of(all, whose->id);
    if (!e)
        return NULL;
    struct front_tally *t = e->n < all->limits.each ? calloc(1, sizeof(*t)) : NULL;
    if (t && map_put(all->places, whose, sizeof(*whose), t) == 0) {
        *t = (struct front_tally){.whose = *whose, .endpoint = e};
        return t;
    }
    free(t);
    tidy(all, e);
    return NULL;
}

struct front_tally *front_tally_join(struct front_tallies *all,
                                     const uint8_t id[RESERVATION_ID_SIZE], const struct net *from)
{
    struct whose whose = {.source = {.version = 0}};
    bool bounded = net_source(from, &whose.source) && all->limits.source > 0;
    memcpy(whose.id, id, sizeof(whose.id));
    struct front_tally *t = map_get(all->places, &whose, sizeof(whose));
    if (t && (t->endpoint->n >= all->limits.each || (bounded && t->n >= all->limits.source)))
        return NULL;
    if (!t)
        t = add(all, &whose);
    if (!t)
        return NULL;
    t->n++;
    t->endpoint->n++;
    return t;
}

void front_tally_leave(struct front_tallies *all, struct front_tally *place)
{
    if (!place)
        return;
    place->endpoint->n--;
    tidy(all, place->endpoint);
    if (--place->n > 0)
        return;
    (void)map_take(all->places, &place->whose, sizeof(place->whose));
    free(place);
}

bool front_tally_is_of(const struct front_tally *place, const uint8_t id[RESERVATION_ID_SIZE])
{
    return place && memcmp(place->whose.id, id, sizeof(place->whose.id)) == 0;
}

size_t front_tally_count(const struct front_tallies *all, const uint8_t id[RESERVATION_ID_SIZE])
{
    const struct of_endpoint *e = map_get(all->endpoints, id, RESERVATION_ID_SIZE);
    return e ? e->n : 0;
}
