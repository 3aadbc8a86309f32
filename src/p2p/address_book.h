/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where peers may be reached: bounded, in memory, each address with a time when it is forgotten.
 * Pure. When it is full, the peer that was looked up or named longest ago makes room; those whose
 * addresses a user named stay longest.
 */
#ifndef BEAM_P2P_ADDRESS_BOOK_H
#define BEAM_P2P_ADDRESS_BOOK_H

#include "base/rng.h"
#include "identity/multiaddr.h"
#include "policy/permit.h"

struct address_book;

enum { ADDRESS_BOOK_PER_PEER = 16 };

struct address_book_row {
    struct multiaddr addr; /* without /p2p */
    enum permit_origin origin;
    uint64_t expires;
};

/* Holds at most `peers`. 0 or BEAM_ENOMEM. */
int address_book_new(const struct rng *rng, size_t peers, struct address_book **out);
/* NULL allowed. */
void address_book_free(struct address_book *b);

/*
 * Adds an address, or moves its end to `expires` where that is later; a user's word about one that
 * was learned counts. When a peer has too many, the one that would be forgotten first goes, but no
 * typed one for one that was learned. 0, BEAM_EINVAL (a /p2p of another peer), BEAM_ELIMIT,
 * BEAM_ENOMEM.
 */
int address_book_add(struct address_book *b, const struct peer_id *peer,
                     const struct multiaddr *addr, enum permit_origin origin, uint64_t expires,
                     uint64_t now);
/* Copies what is known and has not expired, at most ADDRESS_BOOK_PER_PEER. Returns how many. */
size_t address_book_get(struct address_book *b, const struct peer_id *peer, uint64_t now,
                        struct address_book_row *out);
size_t address_book_peers(const struct address_book *b);

#endif
