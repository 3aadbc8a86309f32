/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A published message (libp2p/specs, pubsub, "The Message") under the policy StrictSign: its
 * author, the author's number for it, and the author's signature are there, or it is none. Its
 * bytes are kept and passed on as they came, for the signature covers fields that nobody here
 * knows. Pure.
 *
 * Signed is "libp2p-pubsub:" and then all fields but `signature` and `key`: the text of the
 * specification would leave only the former out, implementations leave out both (go-libp2p-pubsub,
 * sign.go; js-libp2p, buildRawMessage.ts). A field that is there twice is refused, for two readers
 * could take two different ones of them.
 */
#ifndef BEAM_GOSSIP_POST_H
#define BEAM_GOSSIP_POST_H

#include <stddef.h>
#include <stdint.h>

#include "identity/key.h"
#include "identity/peer_id.h"

enum {
    POST_MAX = 32 * 1024, /* bytes of one, on the wire */
    POST_TOPIC_MAX = 128, /* bytes of a topic's name */
    POST_SEQNO_SIZE = 8,
    POST_ID_MAX = PEER_ID_MAX + POST_SEQNO_SIZE
};

/* A message that somebody else's bytes hold. */
struct post_view {
    const uint8_t *at, *data, *topic, *signature, *key; /* all of it; parts, NULL: not there */
    size_t len, data_len, topic_len, signature_len, key_len;
    struct peer_id from;
    uint64_t seqno;
};

/* By this two messages are the same or not: the author's peer id, then the number as eight bytes,
 * the highest first. */
struct post_id {
    uint8_t len;
    uint8_t bytes[POST_ID_MAX];
};

/* One that is kept, with its own bytes; shared by those who hold it. */
struct post {
    unsigned holders; /* private */
    struct post_id id;
    struct post_view view; /* of what follows */
    uint8_t bytes[];
};

/* 0; BEAM_EINVAL: no such message, or not signed; BEAM_ELIMIT: it is too long. No signature is
 * checked. */
int post_read(const void *data, size_t len, struct post_view *out);
void post_id_of(const struct post_view *v, struct post_id *out);
/* Whether its author signed it: 0, BEAM_EAUTH, BEAM_ENOMEM. */
int post_verify(const struct post_view *v);

/* A copy, which the caller holds. 0 or BEAM_ENOMEM. */
int post_keep(const struct post_view *v, struct post **out);
/* A new one, signed by the pair, whose peer id is `self`. 0; BEAM_ELIMIT (too long), BEAM_EINVAL
 * (the topic's length), BEAM_ENOMEM. */
int post_sign(const struct key_pair *pair, const struct peer_id *self, const char *topic,
              uint64_t seqno, const void *data, size_t len, struct post **out);
struct post *post_hold(struct post *p);
/* The last who held it frees it. NULL allowed. */
void post_drop(struct post *p);

#endif
