/* SPDX-License-Identifier: BSD-3-Clause */
/* The ports that leases of TCP and UDP have, and those that are left. Pure. */
#ifndef BEAM_RELAY_LEASE_PORTS_H
#define BEAM_RELAY_LEASE_PORTS_H

#include "relay/port_pool.h"

struct lease_ports { /* private */
    struct port_pool *tcp, *udp;
};

/* `rng` is borrowed. 0 or BEAM_ENOMEM; lease_ports_clear in either case. */
int lease_ports_init(struct lease_ports *p, const struct port_range *tcp,
                     const struct port_range *udp, const struct rng *rng);
void lease_ports_clear(struct lease_ports *p);

/* Whether endpoints of this kind are ports. */
bool lease_ports_needed(uint64_t kind);
/* As those of a port_pool; of a kind that needs none: 0, true, nothing. */
uint16_t lease_ports_take(struct lease_ports *p, uint64_t kind, uint16_t wanted);
bool lease_ports_claim(struct lease_ports *p, uint64_t kind, uint16_t port);
void lease_ports_give(struct lease_ports *p, uint64_t kind, uint16_t port);

#endif
