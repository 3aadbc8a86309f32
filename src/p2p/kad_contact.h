/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What of the addresses of a contact (libp2p/specs, kad-dht, Message.Peer) is passed on, and what
 * of those that somebody tells is kept. Each is judged by itself: one that cannot be read, that the
 * permit does not cover or that is of a transport not spoken here is dropped, whatever stands
 * beside it. Pure.
 */
#ifndef BEAM_P2P_KAD_CONTACT_H
#define BEAM_P2P_KAD_CONTACT_H

#include "identity/multiaddr.h"
#include "p2p/kad_message.h"
#include "p2p/kad_table.h"
#include "policy/permit.h"

/* What is made of a peer that somebody tells of. */
enum kad_heed {
    KAD_FOLLOWED,    /* it can be asked */
    KAD_PASSED_OVER, /* none of its addresses may be dialled here */
    KAD_BOGUS /* nor could anybody elsewhere dial one: they are private, or no addresses at all */
};

/* Adds a view of an address that others may dial, too: nothing of our surroundings is told. */
void kad_contact_tell(struct kad_contact *contact, const struct permit *permit,
                      const struct multiaddr *a);

/* Those of its addresses that may be dialled by `means` (WAY_BY_…), in their order: *n of them, at
 * least one if it is followed and none if it is not. */
enum kad_heed kad_contact_read(const struct kad_contact *contact, const struct permit *permit,
                               unsigned means, struct multiaddr addrs[KAD_ADDRS_MAX], size_t *n);

/* The network that a peer is in: an IPv4 /16 or an IPv6 /32. Nowhere: none is known (NULL), for a
 * relay's is not that of who comes by it; or it is near, where all are in one. */
kad_group kad_contact_group(const struct multiaddr *a);

#endif
