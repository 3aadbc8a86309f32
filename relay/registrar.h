/* SPDX-License-Identifier: BSD-3-Clause */
/* A relay's end of /beam/relay/1.0.0: owners ask for endpoints and are answered. */
#ifndef BEAM_RELAY_REGISTRAR_H
#define BEAM_RELAY_REGISTRAR_H

#include "p2p/host.h"
#include "relay/counts.h"
#include "relay/endpoint.h"
#include "relay/guard.h"
#include "relay/lease.h"
#include "relay/names.h"
#include "relay/ports.h"
#include "relay/terms.h"
#include "relay/traffic.h"
#include "relay/work.h"

struct registrar;

struct registrar_spec { /* what is pointed to is borrowed */
    struct loop *loop;
    struct host *host;
    struct lease_store *store;
    const struct clock_source *clock;
    const struct endpoint_base *base;
    const struct terms *terms;
    struct guard *guard;
    const struct traffic *traffic;
    struct names *const *names; /* that nobody gets; may become others */
    struct work *work;
    struct ports *ports;        /* NULL: none are set aside */
    const uint64_t *work_least; /* bits that a new reservation costs at any time */
    size_t max_reservations;
    struct counts *counts;
    uint64_t lease_ms;              /* as the store's limits have it */
    uint64_t max_body, max_streams; /* told to owners */
    bool visitor_addresses;         /* owners who ask may know them */
};

/* 0, BEAM_ENOMEM, BEAM_EEXIST (the host has one). */
int registrar_new(const struct registrar_spec *spec, struct registrar **out);
/* Bits that a new reservation costs now; 0: none. */
unsigned registrar_work(const struct registrar *r);
/* A peer that was connected to another process of the relay is not connected any more. */
void registrar_gone(struct registrar *r, const struct peer_id *id);
/* Before its host. NULL allowed. */
void registrar_free(struct registrar *r);

#endif
