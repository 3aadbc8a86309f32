/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The path through a community relay: a public URL there, and its visitors over the connection that
 * we made to it. The relay can read what it carries, unless that is encrypted by itself.
 */
#ifndef BEAM_PATH_RELAY_H
#define BEAM_PATH_RELAY_H

#include "path/path.h"
#include "relay/owner.h"

/* The first event comes later. As owner_start. */
int path_relay(const struct owner_spec *spec, const struct path_events *events, struct path **out,
               struct beam_why *why);

#endif
