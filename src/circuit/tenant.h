/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A place at one relay, held for as long as this lives: the relay is dialled, a reservation asked
 * for and renewed, and the addresses that lead here by way of it are announced by the host while it
 * holds. For circuit/relayed alone.
 */
#ifndef BEAM_CIRCUIT_TENANT_H
#define BEAM_CIRCUIT_TENANT_H

#include "p2p/host.h"

enum { TENANT_ADDRS_MAX = 4 }; /* that are announced */

struct tenant;

/* Borrowed, all of it. */
struct tenant_spec {
    struct loop *loop;
    struct host *host;
    const struct rng *rng;
    const struct clock_source *clock;
};

/* `relay` is a user's word, copied. 0 or BEAM_ENOMEM. */
int tenant_new(const struct tenant_spec *spec, const struct multiaddr *relay, struct tenant **out);
/* The relay hears nothing of it: the reservation ends with the connection, or its time. */
void tenant_free(struct tenant *t);
/* Who asked for it named it so. */
bool tenant_is_at(const struct tenant *t, const struct multiaddr *relay);
/* Whether there is a reservation now; sets the relay, and its address with /p2p-circuit behind. */
bool tenant_holds(const struct tenant *t, struct peer_id *relay, struct multiaddr *addr);

#endif
