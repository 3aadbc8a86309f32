/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fetches the denylists that are elsewhere (relay/denylists), each now and then, over the relay's
 * own egress: what has not changed is not fetched again, by its entity tag and by the sequence in
 * its head. What fails is tried again after a while that grows.
 */
#ifndef BEAM_RELAY_SUBSCRIBER_H
#define BEAM_RELAY_SUBSCRIBER_H

#include "base/rng.h"
#include "relay/denylists.h"
#include "relay/url_stream.h"

struct subscriber;

struct subscriber_spec { /* what is pointed to is borrowed */
    struct url_stream_spec way;
    const struct rng *rng;
    struct denylists *lists;
    uint64_t every_ms;
    /* One could not be fetched, the first time in a row; NULL. */
    void (*warning)(void *arg, const struct beam_why *why);
    void *arg;
};

/* Begins at once. 0 or BEAM_ENOMEM. */
int subscriber_new(const struct subscriber_spec *spec, struct subscriber **out);
/* After each denylists_set: all are asked for anew, from now on so often. Before it,
 * subscriber_stop has to be called, for places mean others then. NULL allowed, both. */
void subscriber_stop(struct subscriber *s);
void subscriber_start(struct subscriber *s, uint64_t every_ms);
/* NULL allowed. */
void subscriber_free(struct subscriber *s);

#endif
