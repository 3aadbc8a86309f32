/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The x25519 keys by which visitors of an onion service are told apart
 * (rend-spec, "Client authorization"): the publisher has the public half, and
 * only who has the secret one can read the service's descriptor. Pure.
 */
#ifndef BEAM_GATE_VISITOR_KEY_H
#define BEAM_GATE_VISITOR_KEY_H

#include <stdint.h>

#include "base/err.h"
#include "base/rng.h"
#include "base/text.h"

enum {
    VISITOR_KEY_LEN = 32,
    VISITOR_KEY_SIZE = TEXT_BASE32_SIZE(VISITOR_KEY_LEN) /* as text, the NUL counted */
};

/* A new pair. `secret` is the caller's to lock and wipe. */
void visitor_key_make(const struct rng *rng, uint8_t *secret, uint8_t *public);
/* Upper case, as tor writes them; `out` of VISITOR_KEY_SIZE. */
void visitor_key_text(const uint8_t *key, char *out);
/*
 * A public key as it is passed around: in base32, in either case, with or without the
 * "descriptor:x25519:" of tor's files before it. What looks like another base is said to be that.
 * BEAM_EINVAL with words, which do not show what was read: it may be a secret key.
 */
int visitor_key_parse(const char *text, uint8_t *out, struct beam_why *why);

#endif
