/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TLS 1.2 and 1.3 (RFC 5246, RFC 8446) over any stream, by OpenSSL: the handshake, and after it a
 * stream of kind "tls". Renegotiation, compression and early data are refused.
 *
 * The peer's end is its close_notify; the end of the stream below without one is BEAM_ERESET, for
 * somebody on the way may have cut off what was still to come. A record that is not authentic ends
 * both directions with BEAM_EPROTO.
 */
#ifndef BEAM_STREAM_TLS_H
#define BEAM_STREAM_TLS_H

#include "loop/loop.h"
#include "stream/stream.h"
#include "stream/tls_context.h"

enum { TLS_TIMEOUT_MS = 10000, TLS_NAME_SIZE = 256, TLS_ALPN_SIZE = 32, TLS_DIGEST_SIZE = 32 };

struct tls_spec {
    /* Of a client, copied: who the peer must be, a host or an IP address. A host is told it too. */
    const char *name;
    /* Of a client, copied: SHA-256 of the certificate (DER) that the peer must show, in place of
     * one that an authority vouches for; NULL: what the context trusts. */
    const uint8_t *pin;
    bool anybody;        /* of a client: whoever it is, to learn which certificate is shown */
    uint64_t timeout_ms; /* for the handshake; 0: TLS_TIMEOUT_MS */
};

struct tls_result {
    char name[TLS_NAME_SIZE];        /* that the client asked for (SNI); "": none */
    char alpn[TLS_ALPN_SIZE];        /* what both agreed on, "http/1.1" or "h2"; "": nothing */
    bool resumed;                    /* by a ticket */
    uint8_t digest[TLS_DIGEST_SIZE]; /* of a client: SHA-256 of the server's certificate */
};

/*
 * Called once, from the loop. On success `s` is the callee's; `r` is borrowed. On failure both are
 * NULL, `why` has the reason, and the stream below was closed after an alert to the peer:
 * BEAM_EAUTH (the peer did not prove that it is who it must be), BEAM_EPROTO, BEAM_ETIMEOUT,
 * BEAM_ERESET (it ended), or what the stream below gave.
 */
typedef void tls_fn(void *arg, int err, const struct beam_why *why, struct stream *s,
                    const struct tls_result *r);

struct tls;

/* Takes `under` over when it succeeds. The context is borrowed until `done`; the stream may outlive
 * it. 0, BEAM_ENOMEM or BEAM_EINVAL (the name is none, or a client without one). */
int tls_start(struct loop *l, struct stream *under, const struct tls_context *context,
              const struct tls_spec *spec, tls_fn *done, void *arg, struct tls **out);
/* Resets the stream below; `done` is not called. Until then only. NULL allowed. */
void tls_cancel(struct tls *t);

#endif
