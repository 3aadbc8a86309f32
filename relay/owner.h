/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The owner's side of one reservation with one relay: brought up, proved, kept up, and brought back
 * at the same URL after the connection, the relay or this program went away and came again.
 */
#ifndef BEAM_RELAY_OWNER_H
#define BEAM_RELAY_OWNER_H

#include "relay/farewell.h"
#include "relay/seal.h"
#include "relay/visits.h"
#include "relay/where.h"

struct owner;

enum owner_state {
    OWNER_ASKING,   /* connecting to the relay, and asking it */
    OWNER_CHECKING, /* whether its URL leads here */
    OWNER_UP,
    OWNER_RESTING, /* until it is tried again */
    OWNER_FAILED   /* it will not come up as things are */
};

struct owner_spec { /* what is pointed to is borrowed and outlives the owner */
    struct loop *loop;
    const struct rng *rng;
    struct host *host; /* of the persona */
    struct visits *visits;
    const struct permit *permit;
    struct way_tor tor;
    struct where where; /* copied, and so is the name */
    const char *name;   /* wanted; NULL: none */
    uint64_t kind;      /* RESERVATION_HTTP … */
    uint16_t port;      /* wanted, of TCP and UDP; 0: any */
    /* Of RESERVATION_TLS: which certificate this end shows, and how often it is looked whether the
     * same is shown at the URL. NULL: of other kinds. */
    const struct seal_source *seal;
    uint64_t seal_every;         /* ms */
    bool visitor_address;        /* wanted */
    bool keep;                   /* the reservation outlives this program */
    struct farewells *farewells; /* what it says when it ends; NULL: nothing */
    const char *ca_file;         /* trusted beside the system's, for https; NULL or "" */
    const char *dir;             /* for what is kept, and for whom relays turned out to be */
};

/* All from the loop. The owner may be freed within none. */
struct owner_events {
    /* `why` on RESTING, with when it is tried again, and on FAILED. */
    void (*state)(void *arg, enum owner_state state, const struct beam_why *why, uint64_t retry_ms);
    void (*warning)(void *arg, const struct beam_why *why);
    /* TLS at the URL was just seen to be opened here alone. Of an owner with a seal. */
    void (*sealed)(void *arg);
    /* The stream is the callee's. */
    void (*visitor)(void *arg, struct stream *s, const struct visit_head *head);
    void *arg;
};

/* 0, BEAM_ENOMEM, BEAM_EPERM (a loose file) …, with words. The first event comes later. */
int owner_start(const struct owner_spec *spec, const struct owner_events *events,
                struct owner **out, struct beam_why *why);
/* The relay is told, by the farewells. NULL allowed. */
void owner_free(struct owner *o);
/* That was proved; "" before the first. Borrowed. */
const char *owner_url(const struct owner *o);
/* The relay's peer id; "" while it is not known. Borrowed. */
const char *owner_peer(const struct owner *o);

#endif
