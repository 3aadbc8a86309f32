/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Visits that have served a request of a visitor and can take another of the same: those of an
 * HTTP/2 connection, whose requests come several at a time. Each keeps its place at its endpoint.
 */
#ifndef BEAM_RELAY_FRONT_SPARE_H
#define BEAM_RELAY_FRONT_SPARE_H

#include <sys/queue.h>

#include "relay/front_tally.h"
#include "stream/stream.h"

enum { FRONT_SPARE_MAX = 16 };

struct front_spare_visit;

struct front_spare { /* private */
    struct buf_pool *pool;
    struct front_tallies *tallies;
    TAILQ_HEAD(front_spare_visits, front_spare_visit) visits; /* the one used last first */
    size_t n;
};

/* What is pointed to is borrowed. */
void front_spare_init(struct front_spare *s, struct buf_pool *pool, struct front_tallies *tallies);
/* Closes what there is. */
void front_spare_clear(struct front_spare *s);
/* The same, but for what is of other endpoints. */
void front_spare_drop(struct front_spare *s, const uint8_t id[RESERVATION_ID_SIZE]);

/* Takes the visit and its place over, always. When there are too many the oldest is closed, and so
 * is one as soon as its owner ends it. */
void front_spare_put(struct front_spare *s, struct stream *visit, struct front_tally *place);
/* A visit of this endpoint, and its place; NULL: there is none. */
struct stream *front_spare_take(struct front_spare *s, const uint8_t id[RESERVATION_ID_SIZE],
                                struct front_tally **place);

#endif
