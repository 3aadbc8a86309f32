/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One visitor of a tunnel: the target is dialled at once (it may be the first
 * to speak), and the two are spliced with the tap in between. While the target
 * is down, one who asks in HTTP gets a plain 502 that names nothing; others,
 * and those who say nothing for 10 s, are closed.
 */
#ifndef BEAM_TUNNEL_VISIT_H
#define BEAM_TUNNEL_VISIT_H

#include "loop/loop.h"
#include "policy/permit.h"
#include "stream/stream.h"
#include "tunnel/tap.h"
#include "tunnel/target.h"

struct visit;

struct visit_spec { /* all borrowed while the visit lives */
    struct loop *loop;
    const struct clock_source *clock; /* for the tap */
    const struct permit *permit;
    const struct target *target;
    uint64_t connect_timeout; /* ms for all of the target's addresses together */
    bool opaque;              /* bytes of no protocol that is looked at */
    uint64_t patience;        /* ms the visitor has to ask, to take the 502, to end; 0: 10 s each */
};

struct visit_events {
    /* The target answered (0), or did not at any of its addresses: the first one's BEAM_E…. */
    void (*dialled)(void *arg, int err);
    void (*record)(void *arg, const struct tap_record *r);
    /* Over; the handle is gone after this call, in which visit_bytes may be asked. */
    void (*done)(void *arg);
    void *arg;
};

/* Takes the visitor's stream over, always (on failure it is reset and freed). All events come
 * later. 0 or BEAM_ENOMEM. */
int visit_new(const struct visit_spec *spec, const struct visit_events *events,
              struct stream *visitor, struct visit **out);
/* Bytes passed on so far from the visitor, and to it. */
void visit_bytes(const struct visit *v, uint64_t *in, uint64_t *out);
/* Resets what is open; nothing more is called. Not from its own events. NULL allowed. */
void visit_free(struct visit *v);

#endif
