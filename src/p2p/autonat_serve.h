/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Dialling back (libp2p/specs, autonat-v1): a peer that asks is told whether this host reaches it.
 * Only the IP address that the peer is seen to come from is dialled, only where the permit covers
 * it as one that the network named, and only of a peer that is connected directly; so often a
 * minute and no more often. The dial goes under a key that is made for it, and ends with the
 * handshake.
 */
#ifndef BEAM_P2P_AUTONAT_SERVE_H
#define BEAM_P2P_AUTONAT_SERVE_H

#include "p2p/host.h"

enum {
    AUTONAT_SERVED_AT_ONCE = 8,
    AUTONAT_SERVED_A_MINUTE = 30,
    AUTONAT_SERVED_EACH = 3 /* a minute, of one IP address; and at once, of it or of one peer */
};

struct autonat_serve;

/* Both are borrowed. 0, BEAM_EEXIST, BEAM_ENOMEM, BEAM_ELIMIT. */
int autonat_serve_start(struct loop *l, struct host *h, struct autonat_serve **out);
/* Before the host. NULL allowed. */
void autonat_serve_stop(struct autonat_serve *s);

#endif
