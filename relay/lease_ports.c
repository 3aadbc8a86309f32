/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/lease_ports.h"

#include "relay/reservation.h"

int lease_ports_init(struct lease_ports *p, const struct port_range *tcp,
                     const struct port_range *udp, const struct rng *rng)
{
    *p = (struct lease_ports){.tcp = NULL};
    int err = port_pool_new(tcp, rng, &p->tcp);
    return err < 0 ? err : port_pool_new(udp, rng, &p->udp);
}

void lease_ports_clear(struct lease_ports *p)
{
    port_pool_free(p->tcp);
    port_pool_free(p->udp);
    *p = (struct lease_ports){.tcp = NULL};
}

static struct port_pool *pool_of(const struct lease_ports *p, uint64_t kind)
{
    return kind == RESERVATION_TCP ? p->tcp : kind == RESERVATION_UDP ? p->udp : NULL;
}

bool lease_ports_needed(uint64_t kind)
{
    return kind == RESERVATION_TCP || kind == RESERVATION_UDP;
}

uint16_t lease_ports_take(struct lease_ports *p, uint64_t kind, uint16_t wanted)
{
    struct port_pool *pool = pool_of(p, kind);
    return pool ? port_pool_take(pool, wanted) : 0;
}

bool lease_ports_claim(struct lease_ports *p, uint64_t kind, uint16_t port)
{
    struct port_pool *pool = pool_of(p, kind);
    return !pool || port_pool_claim(pool, port);
}

void lease_ports_give(struct lease_ports *p, uint64_t kind, uint16_t port)
{
    struct port_pool *pool = pool_of(p, kind);
    if (pool)
        port_pool_give(pool, port);
}
