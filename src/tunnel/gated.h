/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One visitor of a tunnel that speaks HTTP and is held to it: each request goes
 * in line through the proxy engine, and one without the password of a user gets
 * a 401, the same for every tunnel, and never reaches the target. The target is
 * dialled for the first that may pass, and kept for those that follow; while it
 * is down they get a 502.
 */
#ifndef BEAM_TUNNEL_GATED_H
#define BEAM_TUNNEL_GATED_H

#include "gate/passwords.h"
#include "tunnel/visit.h"

struct gated;

/* `passwords` is borrowed while it lives; NULL: everybody may pass. Takes the visitor's stream
 * over, always (on failure it is reset and freed). `spec` and `events` as of visit_new; `patience`
 * is the engine's own. 0 or BEAM_ENOMEM. */
int gated_new(const struct visit_spec *spec, const struct passwords *passwords,
              const struct visit_events *events, struct stream *visitor, struct gated **out);
/* Bytes from the visitor so far, and to it. */
void gated_bytes(const struct gated *g, uint64_t *in, uint64_t *out);
/* Resets what is open; nothing more is called. Not from its own events. NULL allowed. */
void gated_free(struct gated *g);

#endif
