/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/limits.h"

static void fill(size_t *field, size_t value)
{
    if (*field == 0)
        *field = value;
}

static void fill_ms(uint64_t *field, uint64_t value)
{
    if (*field == 0)
        *field = value;
}

void limits_default(struct limits *l)
{
    fill(&l->connections, 512);
    fill(&l->inbound, l->connections - l->connections / 4);
    fill(&l->per_peer, 4);
    fill(&l->per_address, 32);
    fill(&l->half_open, 64);
    fill(&l->half_open_per_address, 16);
    fill(&l->dials, 64);
    fill(&l->streams, 16384);
    fill(&l->streams_per_peer, 1024);
    fill(&l->memory, (size_t)256 << 20);
    fill_ms(&l->idle_ms, UINT64_C(120) * 1000);
    fill_ms(&l->lifetime_ms, UINT64_C(24) * 3600 * 1000);
    fill_ms(&l->handshake_ms, UINT64_C(10) * 1000);
}
