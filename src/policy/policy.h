/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A policy says by which paths a tunnel is published, what this machine may
 * reach beyond loopback for its sake, and by what it finds others. Pure.
 */
#ifndef BEAM_POLICY_POLICY_H
#define BEAM_POLICY_POLICY_H

#include <stdbool.h>

#include "base/err.h"
#include "conf/conf.h"

enum policy_path { POLICY_ONION = 1u << 0, POLICY_RELAY = 1u << 1 };
#define POLICY_PATHS_TEXT "onion, relay"

enum policy_discovery {
    POLICY_DISCOVERY_DHT = 1u << 0,    /* the DHT is asked, and served by a node that listens */
    POLICY_DISCOVERY_GOSSIP = 1u << 1, /* topics are joined */
    POLICY_DISCOVERY_LAN = 1u << 2     /* peers on the same link are looked for, and told of us */
};
#define POLICY_DISCOVERY_TEXT "dht, gossip, lan; or none"

enum policy_egress {
    POLICY_EGRESS_TOR, /* through Tor alone */
    POLICY_EGRESS_LAN, /* private and link-local addresses, and Tor */
    POLICY_EGRESS_ANY  /* everything */
};

enum { POLICY_NAME_SIZE = 64 };

struct policy {
    char name[POLICY_NAME_SIZE]; /* "ad hoc" for one built from options */
    unsigned paths; /* POLICY_… bits; 0: it is for this machine's node and no tunnel */
    enum policy_egress egress;
    unsigned discovery; /* POLICY_DISCOVERY_… bits; with egress tor the DHT's at most */
    bool tag_circuits;  /* the request log tells the circuits of an onion's visitors apart */
    bool allow_private; /* network.allow_private: what the network names may be on this machine */
};

/* The built-in `anonymous`, `private`, `open` or `lan`, or a [policy "NAME"] of the configuration
 * (which may not take a built-in's name). BEAM_ENOTFOUND lists those there are; BEAM_EINVAL says
 * where and what is allowed. */
int policy_find(const struct conf *c, const char *name, struct policy *out, struct beam_why *why);
/* Every [policy] section of c is well formed. 0 or BEAM_EINVAL. */
int policy_check(const struct conf *c, struct beam_why *why);
/* From path options; egress is tor unless said otherwise, and others are found in the DHT. */
int policy_ad_hoc(unsigned paths, enum policy_egress egress, struct policy *out);

int policy_egress_parse(const char *text, enum policy_egress *out);
const char *policy_egress_name(enum policy_egress egress);
/* "onion" for a single bit. */
const char *policy_path_name(enum policy_path path);

#endif
