/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The public ports of one kind that an operator has set aside, and which of them are free. Pure. A
 * port that nobody asked for by its number is picked at random, so that one that was given back is
 * not at once somebody else's, whom its old visitors would find there.
 */
#ifndef BEAM_RELAY_PORT_POOL_H
#define BEAM_RELAY_PORT_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/rng.h"

struct port_range {
    uint16_t first, last; /* 0, 0: none */
};

/* "20000-20999", "20000", or "" for none. BEAM_EINVAL with words; `key` is what they speak of. */
int port_range_parse(const char *key, const char *text, struct port_range *out,
                     struct beam_why *why);
bool port_range_has(const struct port_range *r, uint16_t port);

struct port_pool;

/* `rng` is borrowed. 0 or BEAM_ENOMEM. */
int port_pool_new(const struct port_range *range, const struct rng *rng, struct port_pool **out);
/* NULL allowed. */
void port_pool_free(struct port_pool *p);

/* A free one, `wanted` if that is one; 0: none is. */
uint16_t port_pool_take(struct port_pool *p, uint16_t wanted);
/* This one, which is somebody's already. False: it is out of range, or taken. */
bool port_pool_claim(struct port_pool *p, uint16_t port);
/* One that was taken, or claimed; others are passed over. */
void port_pool_give(struct port_pool *p, uint16_t port);
size_t port_pool_left(const struct port_pool *p);

#endif
