/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where peers may be reached: bounded, in memory, each address with how sure it is and a time when
 * it is forgotten. Pure. When it is full, the peer that was looked up or named longest ago makes
 * room, of those that stand on the weakest word: hearsay fills no more than half of the book, and
 * pushes nobody else out of more than a quarter of it. Those whose addresses a user named stay
 * longest, then those that are kept, then, for up to half of the book, those that were reached. A
 * book is one host's, and no other sees what is in it.
 */
#ifndef BEAM_P2P_ADDRESS_BOOK_H
#define BEAM_P2P_ADDRESS_BOOK_H

#include "base/rng.h"
#include "identity/multiaddr.h"
#include "policy/permit.h"

struct address_book;

enum {
    ADDRESS_BOOK_PER_PEER = 16,
    ADDRESS_BOOK_FAILURES_MAX = 4 /* in a row, with which a learned address is forgotten */
};

/* On whose word it stands that the peer is there; the later ones are worth more. */
enum address_word {
    ADDRESS_TOLD,   /* another peer says so */
    ADDRESS_SAID,   /* the peer does */
    ADDRESS_SIGNED, /* in a record that it signed */
    ADDRESS_PROVEN  /* it was reached there */
};

struct address_book_row {
    struct multiaddr addr; /* without /p2p */
    enum permit_origin origin;
    enum address_word word;
    unsigned failures; /* to reach it, since it was reached or learned */
    uint64_t expires;
};

/* Holds at most `peers`. 0 or BEAM_ENOMEM. */
int address_book_new(const struct rng *rng, size_t peers, struct address_book **out);
/* NULL allowed. */
void address_book_free(struct address_book *b);

/*
 * Adds an address, with its last /p2p or without; its failures are not looked at. Of one that is
 * there the end is moved where this one's is later, a better word counts, and so does a user's.
 * When a peer has too many, the least sure that would be forgotten first goes, but no typed one for
 * one that was learned. 0, BEAM_EINVAL (a /p2p of another peer), BEAM_ELIMIT, BEAM_ENOMEM.
 */
int address_book_add(struct address_book *b, const struct peer_id *peer,
                     const struct address_book_row *row, uint64_t now);
/* What is known of the peer makes room for nobody until then: it is one that others are led to. */
void address_book_keep(struct address_book *b, const struct peer_id *peer, uint64_t until);
/* It was not reached there, though others were elsewhere. */
void address_book_failed(struct address_book *b, const struct peer_id *peer,
                         const struct multiaddr *addr);
/* Copies what is known and has not expired, the surest first, at most ADDRESS_BOOK_PER_PEER.
 * Returns how many. */
size_t address_book_get(struct address_book *b, const struct peer_id *peer, uint64_t now,
                        struct address_book_row *out);
size_t address_book_peers(const struct address_book *b);

#endif
