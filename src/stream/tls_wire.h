/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An SSL of OpenSSL's on top of a stream: the bytes between the two, and what its errors mean. What
 * it reads comes from the stream when it asks for it; what it writes waits in `out` until it is
 * flushed. For stream/tls and stream/tls_stream alone.
 */
#ifndef BEAM_STREAM_TLS_WIRE_H
#define BEAM_STREAM_TLS_WIRE_H

#include <openssl/ssl.h>

#include "loop/loop.h"
#include "stream/stream.h"
#include "stream/tls_context.h"

enum {
    TLS_WIRE_RECORD = 16 * 1024,          /* plain bytes of a record */
    TLS_WIRE_BATCH = 4 * TLS_WIRE_RECORD, /* written before the stream below is asked to take it */
    TLS_WIRE_READ = 64 * 1024,
    TLS_WIRE_OUT = 256 * 1024 /* the most that waits; a handshake's certificates are part of it */
};

struct tls_wire {
    SSL *ssl;
    struct stream *under;
    struct buf in, out;
    BIO_METHOD *method;
    int turns;   /* reads of the stream below that this turn may still take */
    int failure; /* what it last gave, 0 for bytes */
};

/* `under` is taken over when it succeeds. 0 or BEAM_ENOMEM. */
int tls_wire_new(struct loop *l, const struct tls_context *c, struct stream *under,
                 struct tls_wire **out);
/* Frees the stream below, too. NULL allowed. */
void tls_wire_free(struct tls_wire *w);

/* Before calls of OpenSSL's that read: a peer whose bytes amount to nothing must not keep the loop
 * for itself. */
void tls_wire_begin(struct tls_wire *w);
/*
 * Why such a call did not do what it should (`ret` is its result): BEAM_EAGAIN, when the stream
 * below has nothing now or, if `turns` is 0, when this turn is over; BEAM_ECLOSED, at the peer's
 * close_notify; BEAM_ERESET, the stream below ended without one; BEAM_EAUTH, a peer's certificate
 * that is not trusted; BEAM_EPROTO; BEAM_ENOMEM; or what the stream below gave. `reason` (NULL
 * allowed) is set to OpenSSL's word for it, static, or to NULL.
 */
int tls_wire_error(struct tls_wire *w, int ret, const char **reason);

/* Hands down what waits. 0, also when not all of it was taken, or why the stream below failed. */
int tls_wire_flush(struct tls_wire *w);

#endif
