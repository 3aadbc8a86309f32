/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The path through a community relay: a public URL there, and its visitors over the connection that
 * we made to it. The relay can read what it carries, unless that is encrypted by itself.
 *
 * Which relay is said, or left to a finder: then one that does not come up is left for another at
 * once, and one that was up and went away for longer than a minute too, with another URL.
 */
#ifndef BEAM_PATH_RELAY_H
#define BEAM_PATH_RELAY_H

#include "path/path.h"
#include "relay/finder.h"
#include "relay/owner.h"

enum { PATH_RELAY_PATIENCE_MS = 60 * 1000 };

/* The first event comes later. As owner_start. */
int path_relay(const struct owner_spec *spec, const struct path_events *events, struct path **out,
               struct beam_why *why);
/* The same with a relay that is found: spec->where is not looked at. The finder is borrowed, and
 * this path's alone. */
int path_relay_found(const struct owner_spec *spec, struct finder *finder,
                     const struct path_events *events, struct path **out, struct beam_why *why);

#endif
