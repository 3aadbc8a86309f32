/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A private Tor network: three authorities and three relays on addresses of
 * this machine, enough to host real v3 onion services without the internet.
 * For `beam demo --offline` and for the tests; never for anonymity.
 */
#ifndef BEAM_TOR_PRIVATE_NETWORK_H
#define BEAM_TOR_PRIVATE_NETWORK_H

#include "base/err.h"
#include "loop/loop.h"

struct private_network;

struct private_network_options {
    const char *binary;  /* tor; its tor-gencert is looked up beside it and in PATH */
    const char *dir;     /* private folder, emptied first; removed at the end by whoever made it */
    const char *address; /* an IPv4 address of this machine, "127.0.0.1" */
};

struct private_network_events {
    void (*progress)(void *arg, int percent, const char *summary);
    /* 0: every authority lists every node; clients can bootstrap. Else it has
     * failed, `why` says how, and all that ran is stopped. */
    void (*ready)(void *arg, int err, const struct beam_why *why);
    void *arg;
};

/* Starts it. Deadline 60 s. 0, or BEAM_E… with words at once. */
int private_network_start(struct loop *l, const struct private_network_options *options,
                          const struct private_network_events *events, struct private_network **out,
                          struct beam_why *why);
/* The file with the torrc lines a client of this network includes; written
 * before `ready`. Borrowed. */
const char *private_network_torrc(const struct private_network *n);
/* Kills all nodes. NULL allowed. */
void private_network_free(struct private_network *n);

#endif
