/* SPDX-License-Identifier: BSD-3-Clause */
/* What was seen of relays, in a text file: a line a relay, "PEER SERVED FAILED MS". */
#ifndef BEAM_RELAY_HISTORY_H
#define BEAM_RELAY_HISTORY_H

#include "base/err.h"
#include "identity/peer_id.h"
#include "relay/pick.h"

enum { HISTORY_MAX = 256 /* relays; of more, those that were seen longest ago go */ };

struct history {
    size_t n;
    struct history_row {
        struct peer_id peer;
        struct pick_history seen;
    } rows[HISTORY_MAX]; /* seen last, last */
};

/* Lines that are none are passed over. BEAM_ENOTFOUND: there is none yet, and h is empty;
 * BEAM_EPERM, BEAM_EIO, … with words. */
int history_load(struct history *h, const char *path, struct beam_why *why);
int history_save(const struct history *h, const char *path, struct beam_why *why);
/* Zeroes when nothing is known. */
struct pick_history history_of(const struct history *h, const struct peer_id *peer);
/* One more time that it served, after `ms`, or failed. Old ones weigh less and less. */
void history_note(struct history *h, const struct peer_id *peer, bool served, uint64_t ms);

#endif
