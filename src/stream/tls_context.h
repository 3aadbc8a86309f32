/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What all TLS connections of one end have in common: TLS 1.2 at least, ciphers with forward
 * secrecy and authentication, and a server's certificates and tickets, or whom a client trusts.
 * No session is kept here: a client that comes again brings its own, sealed in a ticket.
 */
#ifndef BEAM_STREAM_TLS_CONTEXT_H
#define BEAM_STREAM_TLS_CONTEXT_H

#include <stdbool.h>

#include "base/clock.h"
#include "base/rng.h"
#include "stream/tls_certificates.h"

enum { TLS_ALPN_MAX = 4 };

struct tls_context;
struct tls_tickets;

struct tls_server_spec {
    const struct rng *rng;
    const struct clock_source *clock;
    const struct tls_certificates *certificates; /* borrowed; may be reloaded at any time */
    const char *const *alpn; /* protocols, the best first; copied. A client that asks for others
                                alone is refused, one that asks for none is not */
    size_t alpn_count;       /* at most TLS_ALPN_MAX */
};
/* 0, BEAM_ENOMEM or BEAM_EINVAL. */
int tls_context_server(const struct tls_server_spec *spec, struct tls_context **out);

struct tls_client_spec {
    const char *ca_file; /* of certificates in PEM, trusted beside the system's; NULL or "": none */
    const char *const *alpn;
    size_t alpn_count;
};
/* 0, BEAM_ENOMEM, or BEAM_EINVAL with words (the file). */
int tls_context_client(const struct tls_client_spec *spec, struct tls_context **out,
                       struct beam_why *why);

/* To be called so often of a server: the keys of tickets whose time is over are wiped then, also
 * where nobody visits. */
enum { TLS_CONTEXT_TURN_MS = 60 * 1000 };
void tls_context_turn(struct tls_context *c);
/* Connections that were made from it go on. NULL allowed. */
void tls_context_free(struct tls_context *c);

/* For stream/tls_wire: a fresh SSL of OpenSSL's, the caller's, or NULL when out of memory. */
struct ssl_st;
struct ssl_st *tls_context_ssl(const struct tls_context *c);
bool tls_context_is_server(const struct tls_context *c);
/* A server's keys of tickets. Borrowed. */
struct tls_tickets *tls_context_tickets(const struct tls_context *c);

#endif
