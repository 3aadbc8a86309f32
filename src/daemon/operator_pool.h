/* SPDX-License-Identifier: BSD-3-Clause */
/* The further processes of a relay: what they are started with (daemon/worker_pool). */
#ifndef BEAM_DAEMON_OPERATOR_POOL_H
#define BEAM_DAEMON_OPERATOR_POOL_H

#include "base/addr.h"
#include "daemon/operator.h"
#include "daemon/worker_pool.h"
#include "identity/multiaddr.h"

struct operator_pool_spec { /* what is pointed to is borrowed for the call */
    struct loop *loop;
    const struct operator_options *options;
    const char *dir;                        /* where the words were typed */
    const struct addr *listen, *tls_listen; /* where this process does; tls_listen: or NULL */
    const struct multiaddr *p2p;
    unsigned count; /* processes, this one included */
};

/* As worker_pool_new. */
int operator_pool_new(const struct operator_pool_spec *spec, struct worker_pool **out,
                      struct beam_why *why);

#endif
