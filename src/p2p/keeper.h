/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Peers that a host is to stay connected to, by the addresses that a user named: dialled at once,
 * and again after a pause that doubles with each failure, or when their connection was lost. Where
 * they are only to begin with, they are dialled until there is enough, and not kept.
 */
#ifndef BEAM_P2P_KEEPER_H
#define BEAM_P2P_KEEPER_H

#include "p2p/host.h"

enum {
    KEEPER_MAX = 64,
    KEEPER_PAUSE_MIN_MS = 1000,
    KEEPER_PAUSE_MAX_MS = 5 * 60 * 1000,
    KEEPER_ENOUGH_MS = 30 * 1000 /* how often it is asked whether there is enough still */
};

struct keeper;

struct keeper_spec {
    struct loop *loop;
    struct host *host; /* borrowed: to be freed after the keeper */
    const struct rng *rng;
    uint64_t pause_min_ms, pause_max_ms; /* 0: as above */
    /* Whether nobody has to be dialled for now; NULL: they are to be kept always. */
    bool (*enough)(void *arg);
    void *arg;
};

/* 0 or BEAM_ENOMEM. */
int keeper_new(const struct keeper_spec *spec, struct keeper **out);
/* NULL allowed. */
void keeper_free(struct keeper *k);
/* 0 (it is kept already, too), BEAM_ELIMIT, BEAM_ENOMEM. */
int keeper_add(struct keeper *k, const struct multiaddr *addr);
/* Those that are not connected are dialled now. Returns how many. */
size_t keeper_hurry(struct keeper *k);
size_t keeper_count(const struct keeper *k);

#endif
