/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where nodes are on the Internet, as p2p/kad sees it: each server in a network of 16 bits, or, by
 * an onion or a relay, nowhere.
 *
 * Networks are not equal: hosts crowd in those of a few providers. The r-th of NETWORKS has a part
 * in proportion to 1 / (r + SHIFT): the first has one node in 80, and half of all nodes are in some
 * 440. The constants are ours.
 */
#include "tests/sim/world_parts.h"

#include <math.h>

enum {
    NETWORKS = 20000,
    SHIFT = 10,
    FIRST = 0x0b00, /* 11.0.0.0/16 */
    IPV4 = 0x01000000
};

kad_group world_network(struct world *w)
{
    double all = (double)(NETWORKS + SHIFT) / SHIFT;
    double rank = SHIFT * (pow(all, dice_part(&w->dice)) - 1);
    return IPV4 | (FIRST + (kad_group)rank);
}

kad_group world_some_network(struct world *w)
{
    return dice_part(&w->dice) < w->spec.nowhere ? KAD_NOWHERE : world_network(w);
}

/* /ip4/NETWORK…/tcp/…, its own; of who is nowhere it stands for the one that it is known by. */
void world_address(const struct world *w, uint32_t index, uint8_t out[WORLD_ADDRESS_SIZE])
{
    uint32_t port = 4001 + (index >> 16);
    out[0] = 4;
    out[1] = (uint8_t)(w->groups[index] >> 8);
    out[2] = (uint8_t)w->groups[index];
    out[3] = (uint8_t)(index >> 8);
    out[4] = (uint8_t)index;
    out[5] = 6;
    out[6] = (uint8_t)(port >> 8);
    out[7] = (uint8_t)port;
}
