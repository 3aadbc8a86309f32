/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Getting into the DHT by the peers of last time: the servers that a host's table had are kept in a
 * file (p2p/address_file), and dialled when it comes again, a few at a time and in random order,
 * until the table has enough. While it is empty they are tried again, less and less often. So a
 * node comes back when nobody whom its configuration names is there any more.
 */
#ifndef BEAM_P2P_RECALL_H
#define BEAM_P2P_RECALL_H

#include "p2p/kad.h"

enum {
    RECALL_PEERS = 64, /* kept, each with RECALL_ADDRS addresses at most */
    RECALL_ADDRS = 4,
    RECALL_AT_ONCE = 3, /* dials */
    RECALL_ENOUGH = 8,  /* servers in the table */
    RECALL_SAVE_MS = 10 * 60 * 1000
};

struct recall;

/* Borrowed, all of it, and outlives the recall; but the struct and the folder's name are copied. */
struct recall_spec {
    struct loop *loop;
    struct host *host;
    struct kad *kad;
    const struct rng *rng;
    const struct clock_source *clock;
    const char *dir; /* where this host's file is */
};

/* 0 or BEAM_ENOMEM. A file that cannot be read is for the log. */
int recall_new(const struct recall_spec *spec, struct recall **out);
/* Those that are known are kept. Before the kad. NULL allowed. */
void recall_free(struct recall *r);
/* Peers of last time that may be dialled. */
size_t recall_count(const struct recall *r);

/* DIR/HASH.peers for a persona, fresh; NULL: out of memory. */
char *recall_path(const char *dir, const struct peer_id *persona);

#endif
