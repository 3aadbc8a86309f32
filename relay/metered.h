/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A stream whose bytes are counted and held to what relay/traffic lets pass: it is read and written
 * as fast as that, and fails (BEAM_ERESET) when a month is used up. A limit that is set, changed or
 * taken away holds within METERED_WAIT_MS; while there is none, bytes are only handed on. What is
 * charged to no tunnel passes while the relay sleeps, uncounted: so that it can say so.
 */
#ifndef BEAM_RELAY_METERED_H
#define BEAM_RELAY_METERED_H

#include "loop/loop.h"
#include "relay/traffic.h"
#include "stream/stream.h"

enum { METERED_WAIT_MS = 250 };

/* Takes `under` over, always; on failure it is reset and freed. `t` is borrowed. 0 or
 * BEAM_ENOMEM. */
int metered_new(struct loop *l, struct traffic *t, struct stream *under, struct stream **out);
/* Whom its bytes are counted for from now on, beside all; NULL: nobody. `s` is one of these. */
void metered_charge(struct stream *s, const uint8_t id[RESERVATION_ID_SIZE]);

#endif
