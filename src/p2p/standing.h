/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a host does about what it holds against its peers (p2p/repute): whoever is shunned is
 * disconnected, and not let in for as long. Not those that are kept, whom a user or this host
 * itself has chosen: they are doubted at most. Who asked to be kept, for a reservation, was not
 * chosen. And whom it keeps out because it was told to.
 */
#ifndef BEAM_P2P_STANDING_H
#define BEAM_P2P_STANDING_H

#include "p2p/host.h"
#include "p2p/repute.h"

/* A connection that has to end does so after the caller has returned to the loop. */
void standing_blame(struct host *h, const struct peer_id *peer, enum repute_offence what);
enum repute_standing standing_of(const struct host *h, const struct peer_id *peer);
/* How many points are held against it, rounded up; of one that is kept never more than it takes to
 * shun another. 0: it is not doubted. */
unsigned standing_doubt(const struct host *h, const struct peer_id *peer);
/* Whether a peer that came is let in: 0, or BEAM_EAUTH with words. */
int standing_admit(const struct host *h, const struct peer_id *peer, struct beam_why *why);
/* host_keep for a peer that is connected here and asked for it, as anybody may: it is no better
 * trusted for that. Off as many times as on, of this. */
int standing_lodge(struct host *h, const struct peer_id *peer, bool on);

/* Whom whoever has the host keeps out. */
struct standing_gate {
    /* `peer` NULL: who it is is not known yet; `from` NULL: nor whence it comes. `protocol`: a
     * stream that it opened; NULL: its connection. True: it may not. */
    bool (*shuts)(void *arg, const struct peer_id *peer, const struct multiaddr *from,
                  const char *protocol);
    void *arg;
};
/* Copied; NULL: nobody, which is so at first. Those who are here are not
 * disconnected by it. */
void standing_gate(struct host *h, const struct standing_gate *gate);
/* Whether the gate lets a connection be: 0, or BEAM_EAUTH with words. `peer` and `from`:
 * as above. */
int standing_enter(const struct host *h, const struct peer_id *peer, const struct multiaddr *from,
                   struct beam_why *why);
/* Whether it lets a peer have a stream that the peer opened. */
bool standing_serves(const struct host *h, const struct host_peer *peer, const char *protocol);

/* For the host: 0 or BEAM_ENOMEM. */
int standing_init(struct host *h);
void standing_clear(struct host *h);

#endif
