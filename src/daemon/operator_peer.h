/* SPDX-License-Identifier: BSD-3-Clause */
/* The peer that a relay is: its host, and where that takes owners. */
#ifndef BEAM_DAEMON_OPERATOR_PEER_H
#define BEAM_DAEMON_OPERATOR_PEER_H

#include "conf/conf.h"
#include "identity/key.h"
#include "p2p/host.h"
#include "policy/policy.h"

/* To be read; zeroed before it is opened, and then not moved. */
struct operator_peer {
    struct policy policy;
    struct permit
        *permit; /* of that policy: to listen beyond this machine, and reach other nodes */
    struct host *host;
    char agent[64]; /* private */
};

struct operator_peer_spec { /* what is pointed to is borrowed */
    struct loop *loop;
    const struct conf *conf;
    const struct key_pair *key;
    const char *version;
    const char *listen; /* in place of relay.p2p; NULL */
    bool is_public;     /* it listens at every address, if nothing else is said */
    enum listen_sharing sharing;
    unsigned workers; /* processes that share what all may have */
};

/* 0 or why not, with words; nothing is open then. */
int operator_peer_open(const struct operator_peer_spec *spec, struct operator_peer *p,
                       struct beam_why *why);
/* One that is not open is fine. */
void operator_peer_close(struct operator_peer *p);

#endif
