/* SPDX-License-Identifier: BSD-3-Clause */
/* What a server of the DHT answers (libp2p/specs, kad-dht, "RPC messages"). Pure. */
#ifndef BEAM_P2P_KAD_ANSWER_H
#define BEAM_P2P_KAD_ANSWER_H

#include "p2p/kad_store.h"
#include "p2p/kad_table.h"
#include "p2p/repute.h"

struct kad_answerer { /* all borrowed */
    const struct kad_table *table;
    struct kad_store *store;
    /* Adds the addresses of contact->peer, as views that hold until the next call. */
    void (*describe)(void *arg, struct kad_contact *contact);
    /* A peer did what is held against it. */
    void (*blame)(void *arg, const struct peer_id *peer, enum repute_offence what);
    /* A peer told us of its own addresses. */
    void (*learn)(void *arg, const struct kad_contact *contact);
    /* The network that a peer which asks came from, as we see it. */
    kad_group (*whence)(void *arg, const struct peer_id *peer);
    void *arg;
};

/*
 * What `from` gets for its request. 1: *reply, whose views hold until the next call for this
 * answerer. 0: nothing is answered (ADD_PROVIDER). BEAM_E…: the request is refused, and its stream
 * reset: BEAM_EINVAL, BEAM_EEXIST, BEAM_ELIMIT, BEAM_ENOMEM, as of kad_store_put and
 * kad_store_provide.
 */
int kad_answer(const struct kad_answerer *a, const struct peer_id *from,
               const struct kad_message *request, struct kad_now now, struct kad_message *reply);

#endif
