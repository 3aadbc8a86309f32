/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the operator of a relay does to it while it runs. A ban is on disk before it holds, and then
 * all that it concerns has ended: reservations, owners' connections, visitors.
 */
#ifndef BEAM_DAEMON_OPERATOR_ACTS_H
#define BEAM_DAEMON_OPERATOR_ACTS_H

#include "daemon/operator_crew.h"
#include "daemon/operator_message.h"
#include "p2p/host.h"
#include "relay/bans.h"
#include "relay/denylists.h"
#include "relay/endpoint.h"
#include "relay/front.h"
#include "relay/lease.h"
#include "relay/ports.h"

struct operator_acts { /* all of it borrowed */
    struct host *host;
    struct front *front;
    struct ports *ports; /* of the first of several processes; or NULL */
    struct lease_store *store;
    struct bans *bans;
    const struct denylists *denylists;
    const struct key_pair *key; /* signs the bans that are told to others */
    const struct endpoint_base *base;
    const struct clock_source *clock;
    struct operator_crew *crew; /* of the first of several processes; or NULL */
};

enum { OPERATOR_PAGE = 256 }; /* rows in one reply */

/* The reply to a message, its id and the error of what went wrong among it; the caller deletes it.
 * NULL: out of memory. */
cJSON *operator_acts_do(const struct operator_acts *a, const struct operator_message *m);
/* Ends all that bans and denylists concern, after they were read anew. */
void operator_acts_enforce(const struct operator_acts *a);

#endif
