/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A hash map from byte strings to pointers, keyed by SipHash under a random
 * key so that no peer can choose collisions. Grows by doubling.
 */
#ifndef BEAM_BASE_MAP_H
#define BEAM_BASE_MAP_H

#include <stddef.h>

#include "base/rng.h"

struct map;

/* At most `ceiling` entries. 0 or BEAM_ENOMEM. */
int map_new(const struct rng *rng, size_t ceiling, struct map **out);
/* Does not free the values. NULL allowed. */
void map_free(struct map *m);
/* Copies the key. 0, BEAM_EEXIST (nothing changed), BEAM_ELIMIT, BEAM_ENOMEM. value is not NULL. */
int map_put(struct map *m, const void *key, size_t len, void *value);
/* The value or NULL. */
void *map_get(const struct map *m, const void *key, size_t len);
/* Puts another value in the place of the one that is there, which it returns; NULL when there is
 * none, and then nothing changed. value is not NULL. */
void *map_swap(struct map *m, const void *key, size_t len, void *value);
/* Takes the entry out; its value, or NULL when there was none. */
void *map_take(struct map *m, const void *key, size_t len);
size_t map_count(const struct map *m);
/* Walks all entries in no order: start with *at = 0; NULL at the end. The map
 * must not change meanwhile. */
void *map_next(const struct map *m, size_t *at);

#endif
