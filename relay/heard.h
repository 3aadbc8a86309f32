/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What relays said of themselves to everybody (docs/protocol/relay-info.md, "Being heard of"):
 * whether such a word is passed on, and the last one of each relay. Bounded: no more than so many
 * new ones are heard in a time, and those who bring many leave room for others (gossip/ration).
 * Those that are known and go on speaking are not pushed out by new ones, but where one peer or
 * network brought more of them than another has. Pure.
 */
#ifndef BEAM_RELAY_HEARD_H
#define BEAM_RELAY_HEARD_H

#include "gossip/ration.h"
#include "gossip/router.h"
#include "relay/info.h"

enum {
    HEARD_MAX = 64,                   /* relays */
    HEARD_SILENT_MS = 90 * 60 * 1000, /* one that has said nothing for so long is left out */
    HEARD_AGAIN_MS = 10 * 1000,       /* how soon one may speak again */
    HEARD_NEW_MAX = 120,              /* new ones at once, */
    HEARD_NEW_MS = 2 * 1000           /* and one more after each such time */
};

struct heard_row {
    uint64_t at; /* when; ms */
    struct relay_info info;
    struct ration_share share; /* of when it was new */
};

struct heard { /* zeroed at first; some 320 kB */
    size_t n;
    struct ration new_ones;
    struct heard_row rows[HEARD_MAX];
};

/* What a message of that share's author says. REJECT: it is none of its own; IGNORE: it is old or
 * comes too soon; DECLINE: it is new, and too many are; ACCEPT: it is remembered where there is
 * room. */
enum router_verdict heard_judge(struct heard *h, const struct ration_share *share, const void *data,
                                size_t len, uint64_t wall_ms, uint64_t now);
/* Relay number i of those that are not silent; NULL: no more. Borrowed until the next
 * heard_judge. */
const struct relay_info *heard_known(const struct heard *h, size_t i, uint64_t now);

#endif
