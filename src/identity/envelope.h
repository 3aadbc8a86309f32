/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Signed envelopes (libp2p/specs, RFC 0002): bytes of a type, signed for a domain, with the key of
 * the signer beside them. Pure. sodium_init comes first.
 *
 * Fields that nobody knows are passed over, as protobuf has it; a field that is there twice is
 * refused, for two readers could take two different ones of them.
 */
#ifndef BEAM_IDENTITY_ENVELOPE_H
#define BEAM_IDENTITY_ENVELOPE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "identity/key.h"

enum { ENVELOPE_MAX = 16 * 1024 }; /* bytes of one, sealed */

/* What an envelope is about. Only one that was sealed for the same kind can be opened. */
struct envelope_kind {
    const char *domain;  /* separates signatures of one purpose from those of another */
    const uint8_t *type; /* of the payload: a multicodec */
    size_t type_len;
};

struct envelope {
    struct key_public key;  /* of who signed it */
    const uint8_t *payload; /* borrowed from the sealed bytes */
    size_t payload_len;
};

/* Sets *out_len. 0, BEAM_ELIMIT (out, or ENVELOPE_MAX), BEAM_ENOMEM. */
int envelope_seal(const struct key_pair *pair, const struct envelope_kind *kind,
                  const void *payload, size_t len, void *out, size_t size, size_t *out_len);
/* Only after the signature was found good is `out` filled. BEAM_EINVAL: not an envelope of the
 * kind; BEAM_EAUTH: the signature is wrong; BEAM_ELIMIT; BEAM_ENOMEM; with words in `why` (NULL
 * allowed). */
int envelope_open(const void *data, size_t len, const struct envelope_kind *kind,
                  struct envelope *out, struct beam_why *why);
/* The same without a look at the signature: only what somebody claims. For what was found good
 * before, and to refuse cheaply what would be refused for what it says. */
int envelope_peek(const void *data, size_t len, const struct envelope_kind *kind,
                  struct envelope *out, struct beam_why *why);

#endif
