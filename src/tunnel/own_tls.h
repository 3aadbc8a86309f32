/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who opens TLS that a relay passes on unopened: the tunnel, with a certificate of its user's, or
 * the target, to which it is handed on. Either way it is known here which certificate visitors are
 * shown.
 */
#ifndef BEAM_TUNNEL_OWN_TLS_H
#define BEAM_TUNNEL_OWN_TLS_H

#include "base/rng.h"
#include "policy/permit.h"
#include "relay/seal.h"
#include "tunnel/target.h"

struct own_tls;

struct own_tls_spec { /* all of it is borrowed, but for the files' names */
    struct loop *loop;
    const struct rng *rng;
    const struct clock_source *clock;
    const struct permit *permit;
    const struct target *target;
    uint64_t connect_timeout;      /* ms, to the target, and for its handshake */
    const char *certificate, *key; /* files in PEM; NULL: the target opens it */
    bool http; /* that is what is within, and so it is told to those who ask (ALPN) */
};

/* 0, BEAM_ENOMEM, or why the files cannot be taken, with words. */
int own_tls_new(const struct own_tls_spec *spec, struct own_tls **out, struct beam_why *why);
/* For the handshake with a visitor; NULL: it is the target's. Borrowed. */
const struct tls_context *own_tls_context(const struct own_tls *o);
/* Which certificate is shown: that of the files, which are read again for it, or what the target
 * shows now. Borrowed. */
const struct seal_source *own_tls_source(const struct own_tls *o);
/* When nobody asks any more. NULL allowed. */
void own_tls_free(struct own_tls *o);

#endif
