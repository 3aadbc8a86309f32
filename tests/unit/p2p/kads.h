/* SPDX-License-Identifier: BSD-3-Clause */
/* Servers of a DHT who know the namespace "t": values of one byte; the greatest is the best. */
#ifndef BEAM_TESTS_UNIT_P2P_KADS_H
#define BEAM_TESTS_UNIT_P2P_KADS_H

#include "p2p/kad.h"
#include "tests/unit/p2p/world.h"

/* One on each of n hosts, which do not know each other yet; the world is begun. */
void kads_begin(struct world *w, struct kad **kads, size_t n);
/* NULL is skipped. The world, too. */
void kads_end(struct world *w, struct kad **kads, size_t n);

#endif
