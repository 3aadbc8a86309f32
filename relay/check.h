/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whether one of the URLs that a relay promised leads here: each is visited (relay/proof, and
 * relay/port_proof for ports), or it is looked whether TLS there is opened here alone (relay/seal),
 * until one is found.
 */
#ifndef BEAM_RELAY_CHECK_H
#define BEAM_RELAY_CHECK_H

#include "relay/reservation.h"
#include "relay/seal.h"

struct check;

struct check_spec { /* what is pointed to is borrowed; the struct is copied */
    struct proof_spec proof;
    uint64_t kind;                           /* RESERVATION_HTTP … */
    const struct seal_source *seal;          /* of RESERVATION_TLS */
    const struct reservation_answer *answer; /* with the URLs */
};

struct check_events {
    /* 0, and the first URL that leads here, borrowed; or why the first of them does not: with a
     * seal, BEAM_EAUTH of any of them. Once, from the loop; check_free may be called within. */
    void (*done)(void *arg, int err, const struct beam_why *why, const char *url);
    /* A visit that was not ours; the stream is the callee's. */
    void (*visitor)(void *arg, struct stream *s);
    void *arg;
};

/* 0, BEAM_ENOMEM; or why no URL can be asked for, with words. */
int check_start(const struct check_spec *spec, const struct check_events *events,
                struct check **out, struct beam_why *why);
/* A visit that came meanwhile, taken over, as by proof_visit. */
void check_visit(struct check *c, struct stream *s);
/* NULL allowed. */
void check_free(struct check *c);

#endif
