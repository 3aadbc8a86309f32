/* SPDX-License-Identifier: BSD-3-Clause */
/* A relay's part in the network: it serves the DHT and gossips, and makes itself known there. */
#ifndef BEAM_DAEMON_OPERATOR_NETWORK_H
#define BEAM_DAEMON_OPERATOR_NETWORK_H

#include "conf/conf.h"
#include "identity/key.h"
#include "p2p/host.h"
#include "relay/endpoint.h"
#include "relay/lease.h"
#include "relay/terms.h"

struct operator_network;

struct operator_network_spec { /* all of it borrowed, and outlives the network */
    struct loop *loop;
    struct host *host;
    const struct policy *policy;
    const struct permit *permit; /* of that policy */
    const struct key_pair *key;
    const struct lease_store *store;
    const struct terms *terms;
    const struct conf *conf;
    const struct endpoint_base *base;
    const char *dir; /* for whom it was connected to */
    const char *version;
};

/* 0; BEAM_EINVAL (an address of the configuration), BEAM_ENOMEM … with words. */
int operator_network_new(const struct operator_network_spec *spec, struct operator_network **out,
                         struct beam_why *why);
/* Before its host. NULL allowed. */
void operator_network_free(struct operator_network *n);

#endif
