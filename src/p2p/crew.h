/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A host of several processes of one machine and one user. All have the same key and listen at the
 * same places, so that a peer's connection is held by any one of them. They tell one another whom
 * they hold; a stream to a peer that another holds is opened there, over the unix socket between
 * the two, and one for a protocol that the first alone speaks is passed to the first. Whoever uses
 * the host need not know: host_find, open_start, host_disconnect and host_keep see to all of it.
 * What is spoken is docs/protocol/crew.md.
 */
#ifndef BEAM_P2P_CREW_H
#define BEAM_P2P_CREW_H

#include "p2p/host.h"

struct crew;

enum { CREW_MAX = 64, CREW_PROTOCOLS_MAX = 8 };

struct crew_spec { /* what is pointed to is borrowed, and outlives the crew */
    struct loop *loop;
    const struct rng *rng;
    struct host *host;
    const char *place;                      /* of the unix sockets: PLACE.0, PLACE.1, … */
    const char *version;                    /* one of another is turned away */
    unsigned index;                         /* of this process; the first is 0 */
    unsigned count;                         /* processes, this one included: at most CREW_MAX */
    const char *passed[CREW_PROTOCOLS_MAX]; /* that the first alone speaks; NULL: no more */
    size_t peers;                           /* at most, of all */
    size_t streams;                         /* at once, between two, each way */
    size_t memory; /* bytes that may be on their way from the others; 0: any */
};

/* All from the loop; NULL functions are skipped. The crew may not be freed within. */
struct crew_events {
    void (*joined)(void *arg, unsigned mate);
    void (*left)(void *arg, unsigned mate);
    /* A peer is connected nowhere but here, or nowhere any more. */
    void (*gone)(void *arg, const struct peer_id *peer);
    /* What a mate told; borrowed. */
    void (*told)(void *arg, unsigned mate, unsigned topic, const uint8_t *data, size_t len);
    void *arg;
};

/* 0, BEAM_EEXIST (one has that index already, or the host speaks a passed protocol itself),
 * BEAM_ELIMIT (the place is too long), … with words. */
int crew_new(const struct crew_spec *spec, const struct crew_events *events, struct crew **out,
             struct beam_why *why);
/* Before its host. NULL allowed. */
void crew_free(struct crew *c);
/* To one that is there; to all. One that does not take it is left, and joins again. */
void crew_tell(struct crew *c, unsigned mate, unsigned topic, const void *data, size_t len);
void crew_tell_all(struct crew *c, unsigned topic, const void *data, size_t len);
/* Mates that are there. */
size_t crew_mates(const struct crew *c);

#endif
