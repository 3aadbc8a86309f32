/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of the front share. For them alone. */
#ifndef BEAM_RELAY_FRONT_PARTS_H
#define BEAM_RELAY_FRONT_PARTS_H

#include "proxy/engine.h"
#include "proxy/h2_visitor.h"
#include "relay/front.h"
#include "relay/front_spare.h"
#include "relay/notices.h"
#include "relay/visit_open.h"

/* A visitor who speaks HTTP/2, each of whose requests is a guest. */
struct crowd {
    struct crowd *next, **link;
    struct front *front;
    struct h2_visitor *visitor;
    struct front_spare spare;
    struct net from;
    char address[VISIT_HEAD_VISITOR_SIZE];
    bool tls;
    uint64_t promised; /* bytes that it may make the front hold beside its guests */
};

/* A visitor who speaks HTTP/1.1, or one request of a crowd's. */
struct guest {
    struct guest *next, **link;
    struct front *front;
    struct engine *engine;
    struct visit_open *opening;
    struct front_tally *place; /* at the endpoint that it is with, or NULL */
    struct crowd *crowd;       /* or NULL: it is alone */
    bool tried;                /* a visit of the crowd's was lost */
    bool tls;
    char visitor[VISIT_HEAD_VISITOR_SIZE];
    char prefix[ENDPOINT_PREFIX_SIZE];
    struct stream *metered; /* its own stream, whose bytes are counted */
    uint64_t promised;      /* bytes that it may make the front hold */
    struct net from;
    uint8_t id[RESERVATION_ID_SIZE]; /* of the endpoint that it asks now, and the class of that */
    enum terms_class class;
    struct rewrite rules;
};

/* A visitor whose bytes go on as they are. */
struct passenger;

struct front {
    struct front_spec spec;
    struct guest *guests;
    struct crowd *crowds;
    struct passenger *passengers;
    size_t count; /* of all of them */
    struct front_tallies tallies;
    struct notices *notices;
    uint64_t promised; /* bytes, to all of them */
    void (*room)(void *arg, bool room);
    void *room_arg;
};

void front_one_more(struct front *f);
void front_one_less(struct front *f);
/* Whether one from there may come; if so, guard_leave when it has gone. */
bool front_enters(struct front *f, const struct net *from);
/* Bytes that one more may make the front hold each way, and in *promised in all. 0: there is no
 * room for another. */
size_t front_window(const struct front *f, bool in_crowd, uint64_t *promised);
/* A visitor of this lease, whose bytes go to the owner as they are, under all that the front holds
 * visitors to, until nothing moved for idle_ms (0: ten times the usual). False: not now, and `s` is
 * the caller's still. `visitor` is its address. */
bool front_bytes_begin(struct front *f, struct stream *s, const struct net *from,
                       const char *visitor, const struct lease *lease, enum visit_head_via via,
                       uint64_t idle_ms);
/* As front_drop; NULL: all. */
size_t front_bytes_drop(struct front *f, const uint8_t *id);
size_t front_bytes_drop_from(struct front *f, bool (*matches)(void *arg, const struct net *from),
                             void *arg);

/* A guest's engine asks where a request goes (engine_events). */
void front_ask(void *guest, const struct http_head *head, bool kept);
/* A visit that a guest of a crowd no longer needs. As above. */
bool front_ask_spare(void *guest, struct stream *visit);
/* The guest is with no endpoint any more. */
void front_ask_leave(struct guest *g);

#endif
