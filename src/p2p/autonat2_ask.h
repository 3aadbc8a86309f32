/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Asking a peer to dial this host back, by the second version of the protocol (libp2p/specs,
 * autonat-v2): with the question goes a number, and "it was dialled" is believed of who brought
 * that to this host before. A peer that asks for bytes before it dials gets so many and no more.
 * One question at a time; dial backs are taken for as long as there is an asker. For p2p/ alone.
 */
#ifndef BEAM_P2P_AUTONAT2_ASK_H
#define BEAM_P2P_AUTONAT2_ASK_H

#include "p2p/autonat_votes.h"
#include "p2p/host.h"

enum {
    AUTONAT2_ASK_ADDRS = 4,             /* of one question */
    AUTONAT2_ASK_BYTES_MAX = 100 * 1024 /* sent for one question */
};

struct autonat2_ask;

/* From the loop, once. `at` is which of the addresses it is about; NULL of AUTONAT_SILENT. The next
 * question may be put within. */
typedef void autonat2_ask_fn(void *arg, enum autonat_answer answer, const struct multiaddr *at);

/* Both are borrowed. 0, BEAM_EEXIST, BEAM_ENOMEM, BEAM_ELIMIT. */
int autonat2_ask_new(struct loop *l, struct host *h, struct autonat2_ask **out);
/* Before the host. NULL allowed. */
void autonat2_ask_free(struct autonat2_ask *a);
/* A connected peer, and addresses (1 to AUTONAT2_ASK_ADDRS, copied), the most wanted first. Not
 * while a question is open. 0, BEAM_ENOMEM, BEAM_ELIMIT. */
int autonat2_ask_start(struct autonat2_ask *a, const struct peer_id *peer,
                       const struct multiaddr *addrs, size_t n, autonat2_ask_fn *done, void *arg);
/* Whether a question is open. */
bool autonat2_ask_busy(const struct autonat2_ask *a);

#endif
