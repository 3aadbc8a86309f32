/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The names tunnels go by on this machine: a target that is given none has one from the key store
 * ("swift-beam-456"), which is the same each time.
 */
#ifndef BEAM_TUNNEL_NAMES_H
#define BEAM_TUNNEL_NAMES_H

#include "base/err.h"
#include "base/rng.h"
#include "identity/keystore.h"

enum { NAMES_SIZE = 64 };

/* That of `target` (canonical text) into out[NAMES_SIZE]. As keystore_open, with words. */
int names_for(struct keystore *keys, const char *target, char *out, struct beam_why *why);
/* A fresh one, kept nowhere. */
void names_make(const struct rng *rng, char *out);
/* BEAM_EINVAL with words that say what a name may be. */
int names_check(const char *name, struct beam_why *why);

#endif
