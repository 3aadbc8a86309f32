/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The public ports of a relay's TCP and UDP endpoints. Each is listened at while its owner is
 * connected, and no longer: nothing is bound for those who are away. A connection, or the datagrams
 * of one source, goes to the owner on a visit stream of its own (docs/protocol/visit.md), held to
 * what the guard, the ceilings and the traffic allow, as all visitors are.
 *
 * A connection ends when for a long time nothing went either way. A source of datagrams is held to
 * relay/flow; datagrams that the visit stream has no room for, or for which there is no more room
 * here, are dropped and counted.
 */
#ifndef BEAM_RELAY_PORTS_H
#define BEAM_RELAY_PORTS_H

#include "p2p/host.h"
#include "relay/counts.h"
#include "relay/front.h"
#include "relay/guard.h"
#include "relay/lease.h"
#include "relay/terms.h"
#include "relay/traffic.h"

struct ports;

struct ports_spec { /* what is pointed to is borrowed */
    struct loop *loop;
    const struct rng *rng;
    const struct clock_source *clock;
    struct host *host;
    const struct permit *permit; /* to listen by */
    struct addr at;              /* where they are listened at; of any port */
    struct lease_store *store;
    const struct terms *terms; /* for the kinds that there are; may become others */
    struct front *front;       /* has the connections, under all that it holds visitors to */
    struct guard *guard;
    struct traffic *traffic;
    struct counts *counts;
    size_t max_ports;       /* open at once */
    size_t max_visitors;    /* sources of datagrams at once */
    uint64_t max_memory;    /* bytes that all of them may make it hold; 0: any */
    size_t max_streams;     /* of them, an endpoint */
    uint64_t idle_ms;       /* after which a connection ends on which nothing moves */
    uint64_t udp_idle_ms;   /* after which a source is forgotten that is not heard */
    bool visitor_addresses; /* owners who asked are told them */
};

/* 0 or BEAM_ENOMEM. */
int ports_new(const struct ports_spec *spec, struct ports **out);
/* Listens at a lease's port, if it does not yet. 0; BEAM_EEXIST: another program does; BEAM_ELIMIT,
 * BEAM_EPERM, BEAM_EIO, BEAM_ENOMEM. */
int ports_open(struct ports *p, const struct lease *lease);
/* Closes what an endpoint has open, and resets its visitors. Returns how many there were. Not from
 * within an event of theirs, as those below. */
size_t ports_close(struct ports *p, const uint8_t id[RESERVATION_ID_SIZE]);
/* Lets the sources of datagrams go of whom `matches` says so by whence they come. Returns how many;
 * connections are the front's (front_drop_from). */
size_t ports_drop_from(struct ports *p, bool (*matches)(void *arg, const struct net *from),
                       void *arg);
/* An owner's connection has ended that another process had: closes what it has open, unless it has
 * one left. Of those that were here it is known by itself. */
void ports_gone(struct ports *p, const struct peer_id *peer);
/* Closes those of endpoints that are no more, or whose owner is not connected; also done every few
 * seconds. */
void ports_sweep(struct ports *p);
/* Sources of datagrams at the moment. */
size_t ports_sources(const struct ports *p);
size_t ports_sources_of(const struct ports *p, const uint8_t id[RESERVATION_ID_SIZE]);
size_t ports_count(const struct ports *p);
/* Before its host and its front. NULL allowed. */
void ports_free(struct ports *p);

#endif
