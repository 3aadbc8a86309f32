/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One source of datagrams, whose visit a relay brings as a stream: each datagram goes to the
 * target's UDP port from a socket that is this visit's alone, so that the target tells visitors
 * apart as it would those of a network, and what comes back there goes back by the visit. Nothing
 * waits for anything: what there is no room for is dropped.
 */
#ifndef BEAM_TUNNEL_UDP_VISIT_H
#define BEAM_TUNNEL_UDP_VISIT_H

#include "tunnel/visit.h"

enum { UDP_VISIT_IDLE_MS = 5 * 60 * 1000 }; /* without a datagram either way, then it ends */

struct udp_visit;

/* As visit_new. Of the target's addresses the first is taken at which datagrams are not refused;
 * `dialled` is told of that once one was answered. A `patience` other than 0 is in place of
 * UDP_VISIT_IDLE_MS. */
int udp_visit_new(const struct visit_spec *spec, const struct visit_events *events,
                  struct stream *visitor, struct udp_visit **out);
/* Bytes of datagrams from the visitor, and to it. */
void udp_visit_bytes(const struct udp_visit *v, uint64_t *in, uint64_t *out);
/* Nothing more is called. Not from its own events. NULL allowed. */
void udp_visit_free(struct udp_visit *v);

#endif
