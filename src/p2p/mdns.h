/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Finding peers on the same link, and being found by them (libp2p/specs, discovery/mdns): by
 * multicast on each private network that the host's permit lets it look at (permit_check_nearby),
 * and on no other. Who asks is told of the host's addresses on that link under a random name, which
 * is another each time; whoever tells of himself is learned as nearby, and connected to while there
 * are not many. Interfaces that come and go are seen within half a minute.
 */
#ifndef BEAM_P2P_MDNS_H
#define BEAM_P2P_MDNS_H

#include "loop/lan.h"
#include "p2p/host.h"

enum {
    MDNS_PORT = 5353,
    MDNS_TTL_S = 120,       /* for which what is told is believed */
    MDNS_CONNECTED_MAX = 16 /* peers found here; more are not dialled */
};

struct mdns;

/* Borrowed, all of it, and outlives the mdns; but the struct is copied. */
struct mdns_spec {
    struct loop *loop;
    struct host *host;
    const struct rng *rng;
    const struct permit *permit;                                        /* the host's */
    uint16_t port;                                                      /* 0: MDNS_PORT */
    int (*lans)(const struct permit *permit, struct lan out[LANS_MAX]); /* NULL: lan_list */
};

/* 0 or BEAM_ENOMEM. A network that cannot be looked at is for the log, and tried again. */
int mdns_new(const struct mdns_spec *spec, struct mdns **out);
/* Says that it goes. Before the host. NULL allowed. */
void mdns_free(struct mdns *m);
/* On how many links it looks. */
size_t mdns_links(const struct mdns *m);

#endif
