/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How many servers the DHT has, told by how near to a key the nearest of them are. Ids are hashes,
 * so that honest ones lie evenly; a place where many more lie than the size lets expect is one
 * where somebody looked for ids until they lay there. Pure.
 */
#ifndef BEAM_P2P_KAD_SIZE_H
#define BEAM_P2P_KAD_SIZE_H

#include <stddef.h>
#include <stdint.h>

enum { KAD_SIZE_SAMPLES = 32 };

/* Zeroed: nothing is known. */
struct kad_size {
    double samples[KAD_SIZE_SAMPLES];
    size_t n, next;
};

/* What one look-up found: the distances of the n nearest nodes to its target, ascending, none left
 * out. Fewer than 4 say nothing and are not kept. */
void kad_size_add(struct kad_size *s, const uint64_t *distances, size_t n);
/* The median of what was seen: an attack at one place does not move it. 0: not known. */
double kad_size_nodes(const struct kad_size *s);
/* The distance within which `count` nodes are expected; 0 while the size is not known. */
uint64_t kad_size_radius(const struct kad_size *s, size_t count);

#endif
