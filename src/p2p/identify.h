/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Identify and identify-push (libp2p/specs, identify): what a host tells of itself, which depends
 * on its kind, and what it learns of its peers. For p2p/ alone.
 *
 * An anonymous host tells its key, the protocols that it answers to, the agent "beam", its onion
 * addresses, and a record of these which it signed; its number counts hours, so that no clock can
 * be told by it. An open one tells its agent with the version, the addresses that the peer could
 * use, and where the peer appears to be.
 */
#ifndef BEAM_P2P_IDENTIFY_H
#define BEAM_P2P_IDENTIFY_H

#include "p2p/core.h"

#define IDENTIFY_PROTOCOL      "/ipfs/id/1.0.0"
#define IDENTIFY_PUSH_PROTOCOL "/ipfs/id/push/1.0.0"

/* Answers both. 0 or BEAM_ENOMEM. */
int identify_serve(struct host *h);
/* Asks the peer of a connection. */
void identify_ask(struct host *h, struct conn *c);
/* What is told has changed: those peers hear of it that speak identify-push. */
void identify_push(struct host *h);
void identify_clear(struct host *h);

/* The message for a connection's peer, into out[size]. 0, BEAM_ELIMIT or BEAM_ENOMEM. */
int identify_tell(const struct host *h, const struct conn *c, void *out, size_t size,
                  size_t *out_len);

#endif
