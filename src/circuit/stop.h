/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The far end of circuits (libp2p/specs, relay/circuit-v2): the stop protocol, answered to the
 * relays where this host has a reservation, and to no others. What a relay brings becomes a
 * connection of the host's, once it has shown to be from whom the relay says.
 */
#ifndef BEAM_CIRCUIT_STOP_H
#define BEAM_CIRCUIT_STOP_H

#include "p2p/host.h"

struct stop;

struct stop_spec {
    struct loop *loop;
    struct host *host;
    /* Whether the peer is a relay of ours; sets its address, with /p2p-circuit at the end. */
    bool (*knows)(void *arg, const struct peer_id *relay, struct multiaddr *out);
    void *arg;
};

/* 0, BEAM_EEXIST (the host answers it already), BEAM_ENOMEM. */
int stop_new(const struct stop_spec *spec, struct stop **out);
/* Before its host is freed. NULL allowed. */
void stop_free(struct stop *s);

#endif
