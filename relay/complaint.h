/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a relay tells an owner of visitors that it refused (docs/protocol/visit.md), in words for
 * the owner. Each rule is told once a minute at most, by the relay; one that tells more is not
 * heard. Pure.
 */
#ifndef BEAM_RELAY_COMPLAINT_H
#define BEAM_RELAY_COMPLAINT_H

#include <stdbool.h>

#include "base/err.h"
#include "relay/visit_head.h"

/* Zeroed before its first use; private. */
struct complaint {
    uint64_t until; /* for how long they are counted */
    unsigned count;
};

/* A notice of `relay`'s (as it was typed). False: it is one too many. */
bool complaint_hear(struct complaint *c, const char *relay, const struct visit_head *notice,
                    uint64_t now_ms, struct beam_why *out);

#endif
