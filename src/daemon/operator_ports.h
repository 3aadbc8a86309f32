/* SPDX-License-Identifier: BSD-3-Clause */
/* The ports that `beam relay` sets aside for tunnels of TCP and UDP: which, and where they are. */
#ifndef BEAM_DAEMON_OPERATOR_PORTS_H
#define BEAM_DAEMON_OPERATOR_PORTS_H

#include "conf/conf.h"
#include "daemon/operator_rules.h"
#include "relay/ports.h"

/* What the configuration sets aside, into the limits of leases. BEAM_EINVAL with words. */
int operator_ports_limits(const struct conf *c, struct lease_limits *out, struct beam_why *why);

struct operator_ports_spec { /* what is pointed to is borrowed */
    struct loop *loop;
    const struct conf *conf;
    struct host *host;
    const struct permit *permit;
    const struct addr *at; /* where visitors over HTTP are taken: at the same address */
    struct lease_store *store;
    struct front *front;
    struct operator_rules *rules;
};

/* 0 or why not, with words. */
int operator_ports_open(const struct operator_ports_spec *spec, struct ports **out,
                        struct beam_why *why);

#endif
