/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A relay makes itself known in the DHT: it puts what it says of itself (relay/info.h) and provides
 * the key of all relays, as soon as the network is there and then again and again, for both expire.
 * Who listens to news of relays is told at the same times.
 */
#ifndef BEAM_RELAY_ANNOUNCE_H
#define BEAM_RELAY_ANNOUNCE_H

#include "p2p/kad.h"
#include "relay/info.h"
#include "relay/lease.h"
#include "relay/news.h"
#include "relay/terms.h"

struct announce;

struct announce_spec { /* what is pointed to is borrowed; the struct is copied */
    struct loop *loop;
    struct host *host;
    struct kad *kad;
    struct news *news; /* NULL: it is in the DHT alone */
    const struct clock_source *clock;
    const struct key_pair *key;      /* the host's */
    const struct lease_store *store; /* for how full it is */
    const struct terms *terms;       /* for what it publishes; may become others */
    uint64_t max_reservations;
    bool allow_private; /* addresses that mean nothing elsewhere are told, too (for tests) */
    const char *url, *version, *contact; /* of struct relay_info */
};

/* The DHT keeps such values from then on, those of other relays too. 0 or BEAM_ENOMEM,
 * BEAM_ELIMIT. */
int announce_new(const struct announce_spec *spec, struct announce **out);
/* Before the kad. NULL allowed. */
void announce_free(struct announce *a);

#endif
