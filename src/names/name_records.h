/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a node does for the records of names: its DHT, if it has one, knows them, and where it
 * gossips it is of their topic, passes on what is good, and takes a newer one in the place of one
 * that it keeps.
 */
#ifndef BEAM_NAMES_NAME_RECORDS_H
#define BEAM_NAMES_NAME_RECORDS_H

#include "gossip/gossip.h"
#include "p2p/kad.h"

#define NAME_RECORDS_TOPIC "/beam/names/1.0.0"

struct name_records;

struct name_records_spec { /* borrowed; the struct is copied */
    struct loop *loop;
    struct kad *kad;       /* NULL: it has no DHT */
    struct gossip *gossip; /* NULL: it does not */
    const struct rng *rng;
    const struct clock_source *clock;
};

/* 0, BEAM_ENOMEM, BEAM_EEXIST, BEAM_ELIMIT. */
int name_records_new(const struct name_records_spec *spec, struct name_records **out);
/* Before the gossip and the kad. NULL allowed. */
void name_records_free(struct name_records *r);

#endif
