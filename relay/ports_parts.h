/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of the ports share. For them alone. */
#ifndef BEAM_RELAY_PORTS_PARTS_H
#define BEAM_RELAY_PORTS_PARTS_H

#include "base/map.h"
#include "loop/listen.h"
#include "relay/ports.h"
#include "relay/visit_open.h"

struct ports_caller; /* a connection */
struct ports_flow;   /* a source of datagrams */

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
    bool tell; /* the owner is told its visitors' addresses */
    size_t visitors;
    struct traffic_account *account;

    struct listener *listener; /* of TCP, and: */
    struct ports_caller *callers;

    struct datagram_listener *datagrams; /* of UDP, and: */
    struct map *by_source;
    struct ports_flows answered, silent; /* those that its owner answered, and the others */
};

struct ports {
    struct ports_spec spec;
    struct map *by_id;
    struct port *open;
    size_t visitors, most; /* `most`: for which there is memory */
    size_t window;         /* bytes that a connection may make it hold, each way */
    struct host_watch watch;
    struct loop_timer sweep;
};

/* Whether a visitor may come to this port at all; then it is counted there until ports_leave. */
bool ports_enter(struct port *port, const struct net *from);
void ports_leave(struct port *port, const struct net *from);
/* Opens a visit to the owner. As visit_open_start. */
int ports_visit(struct port *port, const struct addr *from, uint64_t via, visit_open_fn *done,
                void *arg, struct visit_open **out);

/* ports_tcp.c. Resets those whom `matches` (NULL: all) says; returns how many. */
int ports_tcp_open(struct port *port, const struct addr *at);
size_t ports_tcp_drop(struct port *port, bool (*matches)(void *arg, const struct net *from),
                      void *arg);
void ports_tcp_close(struct port *port);

/* ports_udp.c. The same. */
int ports_udp_open(struct port *port, const struct addr *at);
size_t ports_udp_drop(struct port *port, bool (*matches)(void *arg, const struct net *from),
                      void *arg);
void ports_udp_close(struct port *port);

#endif
