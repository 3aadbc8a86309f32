/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A dial back (libp2p/specs, autonat-v2): a host of its own, with a key that is made for it,
 * connects to one address and no other, brings the number that the asker chose, hears that it was
 * taken, and is gone. In this host's name the asker would take the connection for the one that is
 * to stay. For p2p/ alone.
 */
#ifndef BEAM_P2P_AUTONAT2_BACK_H
#define BEAM_P2P_AUTONAT2_BACK_H

#include "p2p/autonat2_message.h"
#include "p2p/host.h"

struct autonat2_back;

/* From the loop, once. */
typedef void autonat2_back_fn(void *arg, enum autonat2_dialled dialled);

/* `h` is for whom it is done: its permit holds, and it is one of the dials that it may have at
 * once. Whoever is at the address has to be the peer. 0, BEAM_ELIMIT, BEAM_ENOMEM. */
int autonat2_back_start(struct host *h, const struct peer_id *peer, const struct multiaddr *at,
                        uint64_t nonce, autonat2_back_fn *done, void *arg,
                        struct autonat2_back **out);
/* Before the host, after `done` too. NULL allowed. */
void autonat2_back_free(struct autonat2_back *b);

#endif
