/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A host's place in a DHT: p2p/kad, and the ways into it, which are the peers that a user named
 * (p2p/keeper) and those of last time (p2p/recall).
 */
#ifndef BEAM_P2P_DHT_H
#define BEAM_P2P_DHT_H

#include "p2p/kad.h"
#include "p2p/keeper.h"

struct dht;

struct dht_spec { /* as of struct kad_spec */
    struct kad_spec kad;
    const char *dir; /* where those of last time are kept; NULL: nowhere */
    bool stays;      /* connected to those that were named, also when it knows others */
};

/* 0, or as kad_new. */
int dht_new(const struct dht_spec *spec, struct dht **out);
/* As kad_free. */
void dht_free(struct dht *d);

/* One that a user named: 0, BEAM_ELIMIT, BEAM_ENOMEM. */
int dht_begin_at(struct dht *d, const struct multiaddr *addr);
/* How many it may begin with, named or of last time. */
size_t dht_beginnings(const struct dht *d);

/* Borrowed; NULL of NULL. */
struct kad *dht_kad(const struct dht *d);
struct keeper *dht_keeper(const struct dht *d);

#endif
