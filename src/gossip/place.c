/* SPDX-License-Identifier: BSD-3-Clause */
#include "gossip/place.h"

#include <string.h>

static bool address_of(const struct host_peer *peer, struct addr *out)
{
    enum multiaddr_code transport;
    return peer->way == WAY_DIRECT && multiaddr_to_addr(peer->addr, out, &transport) == 0;
}

void place_source(const struct host_peer *peer, struct census_source *out)
{
    struct addr addr;
    census_source(address_of(peer, &addr) ? &addr : NULL, out);
}

void place_score(const struct host_peer *peer, bool private, struct score_place *out)
{
    struct addr addr;
    struct census_source source;
    *out = (struct score_place){.len = 0};
    if (!address_of(peer, &addr) || (private && addr_scope(&addr) != ADDR_GLOBAL))
        return;
    census_source(&addr, &source);
    out->len = source.len;
    memcpy(out->bytes, source.bytes, source.len);
}
