/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How long ago the denylists that a relay uses were made. Whoever brings one can hold back what its
 * signer has added since, and a signer may have stopped: neither looks like a failure, for the list
 * that is there stays good. It stays in force too, and the operator is told, once of each list that
 * is as old. Pure.
 */
#ifndef BEAM_RELAY_LIST_AGE_H
#define BEAM_RELAY_LIST_AGE_H

#include "relay/denylists.h"

struct list_age { /* zeroed before its first use, and when denylists_set was called */
    bool told[DENYLISTS_MAX];
};

/* The next of those made longer than `most_s` (0: any age is fine) before `now_s`, in seconds since
 * 1970, of which nothing was said yet. False: there is none. */
bool list_age_next(struct list_age *a, const struct denylists *d, uint64_t now_s, uint64_t most_s,
                   struct beam_why *why);
/* How many are as old. */
size_t list_age_count(const struct denylists *d, uint64_t now_s, uint64_t most_s);

#endif
