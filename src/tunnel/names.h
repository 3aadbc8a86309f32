/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The names tunnels go by on this machine: a random one ("swift-beam-456") is
 * made for a target that has none and kept for it, in a file.
 */
#ifndef BEAM_TUNNEL_NAMES_H
#define BEAM_TUNNEL_NAMES_H

#include <stdbool.h>

#include "base/err.h"
#include "base/rng.h"

enum { NAMES_SIZE = 64 };

/* The name kept for `target` (canonical text) in data_dir/names.json, made
 * and kept now if there is none; with ephemeral: fresh, and not kept. */
int names_for(const char *data_dir, const struct rng *rng, const char *target, bool ephemeral,
              char *out, struct beam_why *why);
/* BEAM_EINVAL with words that say what a name may be. */
int names_check(const char *name, struct beam_why *why);

#endif
