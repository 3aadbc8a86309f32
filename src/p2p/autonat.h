/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Finding out whether this host is reached from elsewhere (libp2p/specs, autonat-v1 and -v2): peers
 * that it has dialled itself are asked to dial it back, one at a time, at the IP address that each
 * says it sees and the ports that the host listens at: by the second version of the protocol those
 * that speak it (p2p/autonat2_ask), by the first the others. What they come to is
 * p2p/autonat_votes. An address at which enough of them reached the host is announced, until it is
 * not reached any more.
 */
#ifndef BEAM_P2P_AUTONAT_H
#define BEAM_P2P_AUTONAT_H

#include "p2p/autonat_votes.h"
#include "p2p/host.h"

struct autonat;

/* Borrowed, all of it, and outlives the autonat; the struct is copied. */
struct autonat_spec {
    struct loop *loop;
    struct host *host; /* an open one */
    /* The state is another now. NULL allowed. It may not free the autonat. */
    void (*changed)(void *arg, enum autonat_state state);
    void *arg;
};

/* 0, BEAM_ENOMEM, BEAM_EEXIST (the host has one), BEAM_ELIMIT. */
int autonat_new(const struct autonat_spec *spec, struct autonat **out);
/* Before the host. NULL allowed. */
void autonat_free(struct autonat *a);
enum autonat_state autonat_state(const struct autonat *a);

#endif
