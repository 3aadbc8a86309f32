/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/dht.h"

#include <stdlib.h>

#include "p2p/recall.h"

struct dht {
    struct kad *kad;
    struct keeper *keeper;
    struct recall *recall; /* NULL: nothing is kept */
};

static bool on_enough(void *arg)
{
    const struct dht *d = arg;
    return kad_table_count(kad_table(d->kad)) > 0;
}

static int start(struct dht *d, const struct dht_spec *s)
{
    const struct keeper_spec keeper = {.loop = s->kad.loop,
                                       .host = s->kad.host,
                                       .rng = s->kad.rng,
                                       .enough = s->stays ? NULL : on_enough,
                                       .arg = d};
    int err = kad_new(&s->kad, &d->kad);
    if (err == 0)
        err = keeper_new(&keeper, &d->keeper);
    if (err < 0 || !s->dir)
        return err;
    const struct recall_spec recall = {.loop = s->kad.loop,
                                       .host = s->kad.host,
                                       .kad = d->kad,
                                       .rng = s->kad.rng,
                                       .clock = s->kad.clock,
                                       .dir = s->dir};
    return recall_new(&recall, &d->recall);
}

int dht_new(const struct dht_spec *spec, struct dht **out)
{
    struct dht *d = calloc(1, sizeof(*d));
    if (!d)
        return BEAM_ENOMEM;
    int err = start(d, spec);
    if (err < 0)
        dht_free(d);
    else
        *out = d;
    return err;
}

void dht_free(struct dht *d)
{
    if (!d)
        return;
    keeper_free(d->keeper);
    recall_free(d->recall);
    kad_free(d->kad);
    free(d);
}

int dht_begin_at(struct dht *d, const struct multiaddr *addr)
{
    return keeper_add(d->keeper, addr);
}

size_t dht_beginnings(const struct dht *d)
{
    return keeper_count(d->keeper) + (d->recall ? recall_count(d->recall) : 0);
}

struct kad *dht_kad(const struct dht *d)
{
    return d ? d->kad : NULL;
}

struct keeper *dht_keeper(const struct dht *d)
{
    return d ? d->keeper : NULL;
}
