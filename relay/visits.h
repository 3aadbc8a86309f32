/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An owner's end of /beam/visit/1.0.0: takes the visits that relays bring to a host, and gives each
 * to whoever holds the reservation with that relay. Others are reset.
 */
#ifndef BEAM_RELAY_VISITS_H
#define BEAM_RELAY_VISITS_H

#include "p2p/host.h"
#include "relay/visit_head.h"

struct visits;
struct proof;

/* A reservation. Embedded in its owner, who fills the first four. */
struct visits_entry {
    struct peer_id relay;
    uint8_t id[RESERVATION_ID_SIZE];
    /* The stream is the callee's, also of one whose `via` this reservation is not for. From the
     * loop. */
    void (*visitor)(void *arg, struct stream *s, const struct visit_head *head);
    /* The relay refused visitors. NULL allowed. */
    void (*notice)(void *arg, const struct visit_head *head);
    void *arg;
    struct visits_entry *next, **link; /* private */
};

/* 0, BEAM_ENOMEM, BEAM_EEXIST (the host has one). */
int visits_new(struct loop *l, struct host *h, struct visits **out);
/* The proofs that are under way of reservations of the host's (proof_spec.others). */
struct proof **visits_proofs(struct visits *v);
void visits_add(struct visits *v, struct visits_entry *e);
/* One that is not there is fine. */
void visits_remove(struct visits_entry *e);
/* Before its host. NULL allowed. */
void visits_free(struct visits *v);

#endif
