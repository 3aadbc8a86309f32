/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Dialling back by the second version of the protocol (libp2p/specs, autonat-v2): of the addresses
 * that a peer asks about, the first that is its own (p2p/autonat_asker.h) is dialled, and it is
 * told which that was. The specification lets a server dial other IP addresses, of who sends it so
 * many bytes before; this one dials none, and asks for no bytes. For p2p/ alone.
 */
#ifndef BEAM_P2P_AUTONAT2_SERVE_H
#define BEAM_P2P_AUTONAT2_SERVE_H

#include "p2p/autonat_asker.h"

struct autonat2_serve;

/* All are borrowed. 0, BEAM_EEXIST, BEAM_ENOMEM, BEAM_ELIMIT. */
int autonat2_serve_start(struct loop *l, struct host *h, struct autonat_askers *all,
                         struct autonat2_serve **out);
/* Before the host. NULL allowed. */
void autonat2_serve_stop(struct autonat2_serve *s);

#endif
