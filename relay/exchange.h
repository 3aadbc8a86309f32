/* SPDX-License-Identifier: BSD-3-Clause */
/* An owner's end of /beam/relay/1.0.0: one request to a relay, and its answer. */
#ifndef BEAM_RELAY_EXCHANGE_H
#define BEAM_RELAY_EXCHANGE_H

#include "p2p/connect.h"
#include "relay/reservation.h"

struct exchange;

/* 0 and an answer, borrowed for the call, which may be a refusal; or BEAM_E… with words, and NULL.
 * `peer` and `way` are whom it was asked of and how; NULL where nobody was reached. */
typedef void exchange_fn(void *arg, int err, const struct beam_why *why,
                         const struct reservation_answer *answer, const struct peer_id *peer,
                         enum way way);

/*
 * Connects when it must. `name` is what the words call the relay; borrowed until the answer. Later:
 * as connect_start; BEAM_ENOTFOUND (a peer, but no relay), BEAM_EPROTO (what it answers is none),
 * BEAM_ETIMEOUT. At once: BEAM_ENOMEM.
 */
int exchange_start(struct loop *l, struct host *h, const struct connect_spec *spec,
                   const char *name, const struct reservation_request *request, exchange_fn *done,
                   void *arg, struct exchange **out);
/* NULL allowed. */
void exchange_cancel(struct exchange *e);

#endif
