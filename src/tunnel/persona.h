/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who a tunnel is to its visitors: an onion key of its own for each (target,
 * name), kept so that its address lasts, and sharing nothing with any other.
 */
#ifndef BEAM_TUNNEL_PERSONA_H
#define BEAM_TUNNEL_PERSONA_H

#include <stdbool.h>

#include "base/err.h"
#include "base/rng.h"
#include "tor/onion_key.h"

/*
 * The key of (target's canonical text, name): from data_dir/onions/HASH.key, or made and kept
 * there now. With ephemeral: a fresh one, and the disk is not touched. The caller frees it with
 * onion_key_free. As onion_key_load and onion_key_save, with words.
 */
int persona_key(const char *data_dir, const struct rng *rng, const char *target, const char *name,
                bool ephemeral, struct onion_key **out, struct beam_why *why);

#endif
