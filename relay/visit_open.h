/* SPDX-License-Identifier: BSD-3-Clause */
/* A relay's end of a visit: a stream to the owner of a reservation, its head written. */
#ifndef BEAM_RELAY_VISIT_OPEN_H
#define BEAM_RELAY_VISIT_OPEN_H

#include "p2p/host.h"
#include "relay/guard.h"
#include "relay/visit_head.h"

struct visit_open;

/* 0 and a stream, the callee's; or BEAM_E… and NULL. */
typedef void visit_open_fn(void *arg, int err, struct stream *s);

/* On the connection that the owner has made, which is there (host_find). The answer comes later,
 * once; the handle is gone then. At once: BEAM_ENOMEM, …; later: what p2p/open has, BEAM_ETIMEOUT
 * after timeout_ms. */
int visit_open_start(struct loop *l, struct host *h, const struct peer_id *owner,
                     const struct visit_head *head, uint64_t timeout_ms, visit_open_fn *done,
                     void *arg, struct visit_open **out);
/* Whether the owner is connected, and from nowhere that is banned. */
bool visit_open_may(const struct host *h, const struct guard *g, const struct peer_id *owner);
/* NULL allowed. */
void visit_open_cancel(struct visit_open *v);

#endif
