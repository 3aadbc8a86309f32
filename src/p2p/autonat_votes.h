/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What peers found who dialled this host back (libp2p/specs, autonat-v1): pure; time is passed in.
 * One network (an IPv4 /16, an IPv6 /32) has one vote, its last, so that nobody with many ids in
 * one place decides alone.
 */
#ifndef BEAM_P2P_AUTONAT_VOTES_H
#define BEAM_P2P_AUTONAT_VOTES_H

#include <stdbool.h>

#include "identity/multiaddr.h"

enum {
    AUTONAT_AGREE = 4, /* votes that decide: "more than 3" */
    AUTONAT_VOTES = 16,
    AUTONAT_VOTE_MS = 60 * 60 * 1000, /* for so long one counts */
    AUTONAT_AGAIN_MS = 10 * 60 * 1000 /* who was asked is not asked again before that */
};

enum autonat_answer {
    AUTONAT_REACHED,
    AUTONAT_FAILED,
    AUTONAT_SILENT /* it would not say, or does not know */
};

enum autonat_state {
    AUTONAT_UNKNOWN,
    AUTONAT_PUBLIC, /* reached from elsewhere */
    AUTONAT_PRIVATE /* not */
};

/* "unknown", "public", "private". Static storage. */
const char *autonat_state_name(enum autonat_state state);

struct autonat_votes {
    size_t n;
    struct autonat_vote {
        uint64_t network; /* autonat_network of who was asked */
        enum autonat_answer answer;
        struct multiaddr addr; /* where; of a silent one nothing */
        uint64_t at;
    } rows[AUTONAT_VOTES];
};

/* The network that an IP address is in. */
uint64_t autonat_network(const struct addr *a);
/* Takes a vote down; of more than there may be, the oldest goes. */
void autonat_votes_add(struct autonat_votes *v, const struct autonat_vote *vote);
/* Whether somebody in that network was asked not long ago. */
bool autonat_votes_asked(const struct autonat_votes *v, uint64_t network, uint64_t now);
/* What they come to: with AUTONAT_PUBLIC, `addr` gets where. */
enum autonat_state autonat_votes_verdict(const struct autonat_votes *v, uint64_t now,
                                         struct multiaddr *addr);

#endif
