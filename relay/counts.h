/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a relay counts, for its operator: numbers alone, of nobody and nothing in particular, in the
 * text format of Prometheus (0.0.4). Pure.
 */
#ifndef BEAM_RELAY_COUNTS_H
#define BEAM_RELAY_COUNTS_H

#include <stddef.h>
#include <stdint.h>

#include "relay/reservation.h"
#include "relay/terms.h"

enum { COUNTS_TEXT_MAX = 8192, COUNTS_STATUSES = RESERVATION_LAST - RESERVATION_MALFORMED + 1 };

/* Since it started. Whoever sees one happen adds to it. */
struct counts {
    uint64_t visitors;    /* connections */
    uint64_t turned_away; /* of these, before they said anything */
    uint64_t requests;    /* to endpoints that there are */
    uint64_t unopened;    /* connections of TLS that were passed on as they were */
    uint64_t refused[TERMS_RULES];
    uint64_t put_off;                     /* requests that came too often: 429 */
    uint64_t unknown;                     /* requests to what is not there: 404 */
    uint64_t away;                        /* whose owner was not there: 503 */
    uint64_t flows;                       /* sources of datagrams */
    uint64_t datagrams_in, datagrams_out; /* from them, to them */
    uint64_t datagrams_dropped;
    uint64_t granted; /* what owners asked for and got */
    uint64_t declined[COUNTS_STATUSES];
};

struct counts_now {
    uint64_t visitors, reservations, owners, bans; /* at the moment */
    uint64_t ports;                                /* that are listened at */
    uint64_t carried;                              /* bytes, this month */
    uint64_t month;                                /* bytes it may have; 0: any */
    uint64_t blocks;                               /* of memory for bytes on their way */
    uint64_t work;                                 /* bits that a reservation costs */
    uint64_t workers;                              /* processes that there are */
    uint64_t denied;                               /* entries of denylists in force */
    uint64_t old_denylists;                        /* of these lists, not renewed for long */
};

void counts_decline(struct counts *c, enum reservation_status status);
/* Returns its length; it ends in a NUL. */
size_t counts_text(const struct counts *c, const struct counts_now *now, char out[COUNTS_TEXT_MAX]);

#endif
