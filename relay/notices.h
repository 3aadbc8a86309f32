/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A relay tells owners which rules their visitors were refused by (docs/protocol/visit.md): how
 * often, and no more than that. Each rule of an endpoint at once the first time, then once a
 * minute.
 */
#ifndef BEAM_RELAY_NOTICES_H
#define BEAM_RELAY_NOTICES_H

#include "p2p/host.h"
#include "relay/lease.h"
#include "relay/terms.h"

struct notices;

/* All is borrowed. 0 or BEAM_ENOMEM. */
int notices_new(struct loop *l, struct host *host, const struct rng *rng, struct notices **out);
/* A visitor of this endpoint was refused. */
void notices_add(struct notices *n, const struct lease *lease, enum terms_rule rule);
/* Before its host. NULL allowed. */
void notices_free(struct notices *n);

#endif
