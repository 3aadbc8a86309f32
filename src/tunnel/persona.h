/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who a tunnel is to its visitors and to its peers: an onion key and an Ed25519 pair of its own for
 * each (target, name), the same each time, and sharing nothing with any other.
 */
#ifndef BEAM_TUNNEL_PERSONA_H
#define BEAM_TUNNEL_PERSONA_H

#include <stdbool.h>

#include "base/err.h"
#include "identity/keystore.h"
#include "tor/onion_key.h"

/* Whoever takes one of them over sets it to NULL here. */
struct persona {
    struct key_pair *identity;
    struct onion_key *onion;
};

/* That of (target's canonical text, name), from the key store, docs/protocol/keystore.md. As
 * keystore_open, and as legacy_check where its key is in a file still; with words. */
int persona_open(struct keystore *keys, const char *target, const char *name, struct persona *out,
                 struct beam_why *why);
/* A fresh one, kept nowhere. BEAM_ENOMEM, with words. */
int persona_make(const struct rng *rng, struct persona *out, struct beam_why *why);
/* Wipes and frees what is in it. */
void persona_clear(struct persona *p);

#endif
