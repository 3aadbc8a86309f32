/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of the ports share. For them alone. */
#ifndef BEAM_RELAY_PORTS_PARTS_H
#define BEAM_RELAY_PORTS_PARTS_H

#include "base/map.h"
#include "loop/listen.h"
#include "relay/ports.h"
#include "relay/recent.h"
#include "relay/visit_open.h"

struct ports_flow; /* a source of datagrams */

struct ports_flows { /* the oldest first */
    struct ports_flow *first, **last;
};

/* The port of an endpoint. */
struct port {
    struct port *next, **link;
    struct ports *ports;
    uint8_t id[RESERVATION_ID_SIZE];
    struct peer_id owner;
    uint64_t kind;
    bool tell;                 /* the owner is told its visitors' addresses */
    struct listener *listener; /* of TCP */

    struct datagram_listener *datagrams; /* of UDP, and: */
    size_t sources;
    struct traffic_account *account;
    struct map *by_source;
    struct ports_flows answered, silent; /* those that its owner answered, and the others */
};

struct ports {
    struct ports_spec spec;
    struct map *by_id;
    struct port *open;
    size_t sources, most;  /* of datagrams; for so many there is memory */
    struct recent *recent; /* those for whom there was no room */
    struct host_watch watch;
    struct loop_timer sweep;
};

/* The lease that a port is of, while it is somebody's and of a kind that the operator offers; or
 * NULL. */
const struct lease *ports_serves(const struct port *port);

/* ports_tcp.c. Closing returns how many visitors there were. */
int ports_tcp_open(struct port *port, const struct addr *at);
size_t ports_tcp_close(struct port *port);

/* ports_udp.c. The same; and lets those go whom `matches` (NULL: all) says, and returns how many.
 * */
int ports_udp_open(struct port *port, const struct addr *at);
size_t ports_udp_drop(struct port *port, bool (*matches)(void *arg, const struct net *from),
                      void *arg);
size_t ports_udp_close(struct port *port);

#endif
