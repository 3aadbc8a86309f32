/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who asks to be dialled back (libp2p/specs, autonat-v1 and -v2): how many may ask at once, how
 * often somebody is dialled, and where. Only the IP address that the asker is seen to come from is,
 * so that nobody can have this host knock at another's door, whatever he would pay for it. Pure;
 * time is passed in.
 */
#ifndef BEAM_P2P_AUTONAT_ASKER_H
#define BEAM_P2P_AUTONAT_ASKER_H

#include "p2p/autonat_message.h"
#include "p2p/dial.h"
#include "p2p/host.h"

enum {
    AUTONAT_ASKERS_AT_ONCE = 8,
    AUTONAT_ASKERS_A_MINUTE = 30, /* dials, for all */
    AUTONAT_ASKERS_NETWORK = 10,  /* of these, to one network: an IPv4 /24 or an IPv6 /48 */
    AUTONAT_ASKERS_EACH = 3       /* to one IP address; and at once, of one network or one peer */
};

struct autonat_asker {
    struct peer_id peer;
    struct addr from;
};

/* One that no relay and no circuit is between: its address is its own. False: it is none. */
bool autonat_asker_of(const struct host_peer *peer, struct autonat_asker *out);
/* Whether an address that it names is TCP at its own IP address, which the permit covers as one
 * that the network named; then it is what to dial. */
bool autonat_asker_owns(const struct autonat_asker *a, const struct permit *permit,
                        const struct autonat_view *addr, struct dial_target *out);

/* Those of one host, whichever version they speak. Zeroed at first. */
struct autonat_askers {
    struct autonat_seat {
        bool taken;
        struct autonat_asker asker;
    } seats[AUTONAT_ASKERS_AT_ONCE];
    struct autonat_dialled {
        bool used;
        uint64_t at;
        struct addr to;
    } dialled[AUTONAT_ASKERS_A_MINUTE]; /* the last ones */
    size_t next;
};

/* A seat, from 0, until autonat_askers_leave; BEAM_ELIMIT: who asks, and then says nothing, does
 * not take the seats of all. */
int autonat_askers_sit(struct autonat_askers *all, const struct autonat_asker *a);
void autonat_askers_leave(struct autonat_askers *all, int seat);
/* Whether it may be dialled now; then it is counted. */
bool autonat_askers_dial(struct autonat_askers *all, const struct autonat_asker *a, uint64_t now);

#endif
