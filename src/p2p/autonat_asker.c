/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/autonat_asker.h"

#include <netinet/in.h>
#include <string.h>

#include "p2p/census.h"

enum { MINUTE_MS = 60 * 1000 };

static bool same_ip(const struct addr *a, const struct addr *b)
{
    if (a->ss.ss_family != b->ss.ss_family)
        return false;
    if (a->ss.ss_family == AF_INET)
        return memcmp(&((const struct sockaddr_in *)&a->ss)->sin_addr,
                      &((const struct sockaddr_in *)&b->ss)->sin_addr, sizeof(struct in_addr)) == 0;
    return a->ss.ss_family == AF_INET6 &&
           memcmp(&((const struct sockaddr_in6 *)&a->ss)->sin6_addr,
                  &((const struct sockaddr_in6 *)&b->ss)->sin6_addr, sizeof(struct in6_addr)) == 0;
}

/* Addresses of a network, an IPv4 /24 or an IPv6 /48, are easily had: a source but for its end. */
static bool near(const struct addr *a, const struct addr *b)
{
    struct census_source x, y;
    census_source(a, &x);
    census_source(b, &y);
    return x.len == y.len && memcmp(x.bytes, y.bytes, x.len - (x.len == 5 ? 1u : 2u)) == 0;
}

bool autonat_asker_of(const struct host_peer *peer, struct autonat_asker *out)
{
    enum multiaddr_code transport;
    struct addr from;
    if (peer->way != WAY_DIRECT || multiaddr_to_addr(peer->addr, &from, &transport) < 0)
        return false;
    *out = (struct autonat_asker){.peer = *peer->id, .from = from};
    return true;
}

bool autonat_asker_owns(const struct autonat_asker *a, const struct permit *permit,
                        const struct autonat_view *addr, struct dial_target *out)
{
    struct multiaddr whole;
    struct dial_target target = {.hearsay = false}; /* it came from there itself */
    struct peer_id named;
    if (multiaddr_decode(addr->at, addr->len, &whole, NULL) < 0 ||
        (multiaddr_peer(&whole, &named) == 0 && !peer_id_equal(&named, &a->peer)))
        return false;
    multiaddr_without_peer(&whole, &target.addr);
    if (way_find(&target.addr, permit, PERMIT_LEARNED, 0, &target.target, NULL) < 0 ||
        target.target.way != WAY_DIRECT || !same_ip(&target.target.at, &a->from))
        return false;
    *out = target;
    return true;
}

int autonat_askers_sit(struct autonat_askers *all, const struct autonat_asker *a)
{
    int seat = BEAM_ELIMIT;
    size_t its = 0;
    for (int i = 0; i < AUTONAT_ASKERS_AT_ONCE; i++) {
        const struct autonat_seat *s = &all->seats[i];
        if (!s->taken)
            seat = i;
        else if (peer_id_equal(&s->asker.peer, &a->peer) || near(&s->asker.from, &a->from))
            its++;
    }
    if (seat < 0 || its >= AUTONAT_ASKERS_EACH)
        return BEAM_ELIMIT;
    all->seats[seat] = (struct autonat_seat){.taken = true, .asker = *a};
    return seat;
}

void autonat_askers_leave(struct autonat_askers *all, int seat)
{
    all->seats[seat].taken = false;
}

bool autonat_askers_dial(struct autonat_askers *all, const struct autonat_asker *a, uint64_t now)
{
    size_t sum = 0, its = 0, nearby = 0;
    for (size_t i = 0; i < AUTONAT_ASKERS_A_MINUTE; i++) {
        const struct autonat_dialled *x = &all->dialled[i];
        if (!x->used || now - x->at >= MINUTE_MS)
            continue;
        sum++;
        its += same_ip(&x->to, &a->from);
        nearby += near(&x->to, &a->from);
    }
    if (sum == AUTONAT_ASKERS_A_MINUTE || nearby >= AUTONAT_ASKERS_NETWORK ||
        its >= AUTONAT_ASKERS_EACH)
        return false;
    all->dialled[all->next] = (struct autonat_dialled){.used = true, .at = now, .to = a->from};
    all->next = (all->next + 1) % AUTONAT_ASKERS_A_MINUTE;
    return true;
}
