/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Dialling back: a peer that asks is told whether this host reaches it, by the first version of the
 * protocol (libp2p/specs, autonat-v1) or by the second (autonat-v2), and by that which address of
 * its own that was. Only the IP address that the peer is seen to come from is dialled, only where
 * the permit covers it as one that the network named, and only of a peer that is connected
 * directly; so often a minute and no more often (p2p/autonat_asker.h). The specification lets a
 * server of the second version dial other IP addresses, of who sends it so many bytes before; this
 * one dials none, and asks for no bytes. The dial goes under a key that is made for it; that of the
 * first version ends with the handshake.
 */
#ifndef BEAM_P2P_AUTONAT_SERVE_H
#define BEAM_P2P_AUTONAT_SERVE_H

#include "p2p/host.h"

struct autonat_serve;

/* Both are borrowed. 0, BEAM_EEXIST, BEAM_ENOMEM, BEAM_ELIMIT. */
int autonat_serve_start(struct loop *l, struct host *h, struct autonat_serve **out);
/* Before the host. NULL allowed. */
void autonat_serve_stop(struct autonat_serve *s);

#endif
