/* SPDX-License-Identifier: BSD-3-Clause */
/* The links that this machine is on: its interfaces' IPv4 addresses, and multicast over them. */
#ifndef BEAM_LOOP_LAN_H
#define BEAM_LOOP_LAN_H

#include "base/addr.h"
#include "policy/permit.h"

enum { LANS_MAX = 16 };

struct lan {
    unsigned index;  /* of the interface */
    struct addr at;  /* this machine's address there, with port 0 */
    unsigned prefix; /* the bits of it that all machines there have in common */
};

/* Those that are up and on which the permit lets peers be looked for (permit_check_nearby), at most
 * LANS_MAX. How many, or BEAM_EIO. */
int lan_list(const struct permit *permit, struct lan out[LANS_MAX]);
bool lan_equal(const struct lan *a, const struct lan *b);
/* Whether an IPv4 address is one of the link's machines, or could be. */
bool lan_covers(const struct lan *l, const struct addr *a);

#endif
