/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Something of our own in the DHT: a value, or that we provide a key. It is put there as soon as
 * somebody is there, once more soon after that, and then again and again, for it expires, and nodes
 * come and go. A server has it itself from the start.
 */
#ifndef BEAM_P2P_KAD_OWN_H
#define BEAM_P2P_KAD_OWN_H

#include "p2p/kad.h"

enum {
    KAD_OWN_LOOK_MS = 1000,             /* while nobody is there */
    KAD_OWN_SOON_MS = 20 * 1000,        /* after the first time: others have come since */
    KAD_OWN_RETRY_MS = 60 * 1000,       /* when nobody took it */
    KAD_OWN_AGAIN_MS = 22 * 3600 * 1000 /* libp2p/specs, kad-dht: what IPFS has for providers */
};

struct kad_own;

struct kad_own_spec { /* what is pointed to is borrowed, but for the key; the struct is copied */
    struct loop *loop;
    struct kad *kad;
    const char *what; /* in words, for the log */
    struct kad_text key;
    /* What the value is now; a view until it is called again. 0 or BEAM_E…. NULL: the key is
     * provided. */
    int (*value)(void *arg, struct kad_text *out);
    void *arg;
    uint64_t soon_ms, again_ms; /* 0: as above */
};

/* Begins a little later. 0, BEAM_ENOMEM, BEAM_ELIMIT (the key). */
int kad_own_new(const struct kad_own_spec *spec, struct kad_own **out);
/* What is in the DHT stays there until it expires. Before the kad. NULL allowed. */
void kad_own_free(struct kad_own *o);

#endif
