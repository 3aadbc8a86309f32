/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * News of relays: the topic on which each says of itself where it is and how full
 * (relay/info.h), so that it is known without a walk through the DHT.
 */
#ifndef BEAM_RELAY_NEWS_H
#define BEAM_RELAY_NEWS_H

#include "gossip/gossip.h"
#include "relay/info.h"

#define NEWS_TOPIC "/beam/relays/1.0.0"

struct news;

struct news_spec { /* borrowed; the struct is copied */
    struct loop *loop;
    struct gossip *gossip;
    const struct clock_source *clock;
};

/* Listens from now on, and passes on. 0, BEAM_ENOMEM, BEAM_EEXIST, BEAM_ELIMIT. */
int news_new(const struct news_spec *spec, struct news **out);
/* Before the gossip. NULL allowed. */
void news_free(struct news *n);
/* What a relay says of itself, as info_seal made it with the host's key. As gossip_publish. */
int news_tell(struct news *n, const void *sealed, size_t len);
/* Relay number i of those that are heard of; NULL: no more. Borrowed for the moment. */
const struct relay_info *news_known(const struct news *n, size_t i);

#endif
