/* SPDX-License-Identifier: BSD-3-Clause */
/* A server on loopback that shakes hands with whoever comes, and says nothing more. */
#ifndef BEAM_TESTS_UNIT_STREAM_TLS_PLACE_H
#define BEAM_TESTS_UNIT_STREAM_TLS_PLACE_H

#include "loop/listen.h"
#include "tests/unit/stream/tls_pair.h"

struct tls_place {
    struct loop *loop;
    struct tls_scene tls; /* its certificate is for beam.example and 127.0.0.1 */
    struct listener *listener;
    char url[64]; /* "https://127.0.0.1:PORT/" */
    bool silent;  /* it takes connections, and does not shake hands */
    int visitors; /* who came */
    int under_way;
    struct stream *held; /* the last of those whom it did not answer */
};

void tls_place_open(struct tls_place *p, struct loop *l);
/* Nobody is there any more; the rest stays. */
void tls_place_leave(struct tls_place *p);
/* Its one certificate is another from now on. */
void tls_place_renew(struct tls_place *p);
void tls_place_digest(const struct tls_place *p, uint8_t out[TLS_DIGEST_SIZE]);
void tls_place_close(struct tls_place *p);

#endif
