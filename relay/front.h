/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A relay's public side: visitors over HTTP/1.1 and HTTP/2, in TLS or not, each request of which
 * goes to the owner of the endpoint that it names, on a visit stream that is kept while the visitor
 * stays with it.
 *
 * An endpoint that never was, one that is gone and one that is not for anybody get the same 404.
 * One whose owner is not connected gets 503 and when to come again; an owner that answers what
 * is no HTTP 502, none in time 504; a body larger than allowed 413. What the relay's terms do
 * not let pass is a plain 403 for the visitor, and its owner is told by which rule.
 */
#ifndef BEAM_RELAY_FRONT_H
#define BEAM_RELAY_FRONT_H

#include "p2p/host.h"
#include "relay/counts.h"
#include "relay/endpoint.h"
#include "relay/guard.h"
#include "relay/interstitial.h"
#include "relay/lease.h"
#include "relay/terms.h"
#include "relay/traffic.h"

struct front;

struct front_spec { /* what is pointed to is borrowed */
    struct loop *loop;
    const struct rng *rng;
    const struct clock_source *clock;
    struct host *host;
    struct lease_store *store;
    const struct endpoint_base *base;
    const struct terms *terms;
    struct guard *guard;
    struct traffic *traffic;
    struct counts *counts;
    const char *notice;     /* what is at "/" of the relay's own host, as text; "": nothing */
    uint64_t max_body;      /* bytes of a request's body; 0: any */
    uint64_t response_ms;   /* for an owner to answer; 0: 60 s, and so is: */
    uint64_t idle_ms;       /* between requests, and for bytes that must come or go */
    uint64_t rate;          /* bytes a second that visitors give and take at least; 0: 500 */
    size_t max_visitors;    /* connections at once; more wait to be accepted */
    uint64_t max_memory;    /* bytes that all of them may make it hold; 0: any */
    size_t max_streams;     /* of them, an endpoint */
    size_t source_streams;  /* of these, of one source; 0: any */
    bool visitor_addresses; /* owners who asked are told them */
    bool tls;               /* some come over TLS: those who do not came without it all the way */
    bool redirect;          /* with `tls`: the others are sent there */
    const char *hsts;       /* told to those who come over TLS, "max-age=…"; NULL */
    const char *contact;    /* to report abuse; "" */
    const struct interstitial *interstitial; /* shown where the terms say so; NULL: never */
    const char *challenges; /* the folder of what ACME servers are answered; NULL: none ask */
};

/* 0 or BEAM_ENOMEM. */
int front_new(const struct front_spec *spec, struct front **out);
/* A visitor's connection, taken over. `from` (NULL allowed) is its address; `tls`: it came by that,
 * and `s` is what is within. */
void front_visitor(struct front *f, struct stream *s, const struct addr *from, bool tls);
/* The same of a visitor who speaks HTTP/2. Each of its requests is one of max_visitors too; those
 * for which there is no room are refused, to be made again. */
void front_visitor_h2(struct front *f, struct stream *s, const struct addr *from, bool tls);
/* Whether TLS to a host (as text) is not for the relay to open, but for an owner, or nobody. */
bool front_passes_tls(const struct front *f, const char *host);
/* A visitor who speaks TLS to such a host; `s` begins with its first byte. */
void front_visitor_unopened(struct front *f, struct stream *s, const struct addr *from,
                            const char *host);
/* A visitor whose bytes go to the owner of a lease as they are, until nothing moved for idle_ms;
 * one that cannot go there now, or for whom there is no room, is reset. */
void front_visitor_bytes(struct front *f, struct stream *s, const struct addr *from,
                         const struct lease *lease, uint64_t idle_ms);
/* A visitor of this lease (NULL: of one that is gone) was refused by a rule: it is counted, and the
 * owner is told, as seldom as ever. */
void front_refused(struct front *f, const struct lease *lease, enum terms_rule rule);
/* Called with false when there are as many visitors as may be, with true when one has gone. */
void front_on_room(struct front *f, void (*fn)(void *arg, bool room), void *arg);
size_t front_visitors(const struct front *f);
/* Resets the visitors of an endpoint, or all that `matches` says of whence they come. Returns how
 * many. Not from within an event of the front's. */
size_t front_drop(struct front *f, const uint8_t id[RESERVATION_ID_SIZE]);
size_t front_drop_from(struct front *f, bool (*matches)(void *arg, const struct net *from),
                       void *arg);
/* The visitors that an endpoint has at the moment. */
size_t front_visitors_of(const struct front *f, const uint8_t id[RESERVATION_ID_SIZE]);
/* Resets what is open. Before its host. NULL allowed. */
void front_free(struct front *f);

#endif
