/* SPDX-License-Identifier: BSD-3-Clause */
/* Both ends of TLS, with an authority of their own, for the tests of it and of what is on top. */
#ifndef BEAM_TESTS_UNIT_STREAM_TLS_PAIR_H
#define BEAM_TESTS_UNIT_STREAM_TLS_PAIR_H

#include "loop/loop.h"
#include "stream/tls.h"
#include "tests/unit/stream/authority.h"

/* What one end's handshake came to. */
struct tls_end {
    struct tls_spec spec;
    struct tls *tls; /* until it is answered */
    bool answered;
    int err;
    struct beam_why why;
    struct stream *stream; /* the caller's, or tls_end_close's */
    struct tls_result result;
};

/* Takes `under` over; `e` may hold a spec. */
void tls_end_start(struct tls_end *e, struct loop *l, const struct tls_context *c,
                   struct stream *under);
void tls_end_close(struct tls_end *e);
/* Runs until both are answered; asserts that they are. */
void tls_ends_meet(struct loop *l, struct tls_end *a, struct tls_end *b);

/* A server with a certificate for beam.example, and a client that trusts its authority. */
struct tls_scene {
    struct authority authority;
    struct tls_certificates *certificates;
    struct tls_context *server, *client;
};
void tls_scene_open(struct tls_scene *s);
void tls_scene_close(struct tls_scene *s);

#endif
