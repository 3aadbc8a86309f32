/* SPDX-License-Identifier: BSD-3-Clause */
/* Both ends of secure streams, for the tests of these and of what is stacked on them. */
#ifndef BEAM_TESTS_UNIT_STREAM_SECURE_PAIR_H
#define BEAM_TESTS_UNIT_STREAM_SECURE_PAIR_H

#include "loop/loop.h"
#include "stream/secure.h"

/* One end of a handshake, and what became of it. */
struct secure_end {
    struct key_pair *identity;
    struct peer_id id;
    struct secure_spec spec;
    struct secure *secure; /* until it is answered */
    bool answered;
    int err;
    struct beam_why why;
    struct stream *stream; /* the caller's, or secure_end_close's */
    struct secure_result result;
};

/* Makes an identity from `seed`, and a spec that expects nobody; the caller may change it. */
void secure_end_open(struct secure_end *e, uint8_t seed, bool initiator);
/* Takes `under` over. */
void secure_end_start(struct secure_end *e, struct loop *l, struct stream *under);
void secure_end_close(struct secure_end *e);

/* Handshakes over a and b, which are taken over; asserts that it went well. */
void secure_pair(struct loop *l, struct stream *a, struct stream *b, struct stream **near,
                 struct stream **far);

#endif
