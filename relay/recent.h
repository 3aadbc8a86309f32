/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who was heard a short while ago, of more than there is room for. Pure. Each has one place by the
 * hash of its key, under a key of our own, and whoever comes to the same place pushes it out: so
 * the memory is fixed, and of a flood each one is forgotten soon.
 */
#ifndef BEAM_RELAY_RECENT_H
#define BEAM_RELAY_RECENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"

enum { RECENT_PLACES = 32768 };

struct recent;

/* 0 or BEAM_ENOMEM. */
int recent_new(const struct rng *rng, struct recent **out);
/* NULL allowed. */
void recent_free(struct recent *r);
/* Whether it was heard within so long; it is heard now. */
bool recent_hear(struct recent *r, const void *key, size_t len, uint64_t now_ms,
                 uint64_t within_ms);

#endif
