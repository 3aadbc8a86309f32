/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The check of a port that a relay promised (docs/protocol/visit.md), as relay/proof is that of a
 * URL for HTTP: the owner goes there as any visitor would, sends 32 bytes, and looks whether a
 * visit at its own end begins with them, and whether the 32 bytes that it answers there come back.
 *
 * Datagrams do not go through Tor: of a UDP port only one that may be reached from here directly is
 * checked, and another is not believed. Where the URL has a name, they go to the address that the
 * relay itself was reached at.
 */
#ifndef BEAM_RELAY_PORT_PROOF_H
#define BEAM_RELAY_PORT_PROOF_H

#include "relay/proof.h"

struct port_proof;

/* Of RESERVATION_TCP or RESERVATION_UDP. As proof_start. */
int port_proof_start(const struct proof_spec *spec, uint64_t kind, const char *url,
                     const struct proof_events *events, struct port_proof **out,
                     struct beam_why *why);
/* As proof_visit and proof_free. */
void port_proof_visit(struct port_proof *p, struct stream *s);
void port_proof_free(struct port_proof *p);

#endif
