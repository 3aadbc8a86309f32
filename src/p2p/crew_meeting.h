/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where the processes of a crew meet: number K listens at the unix socket PLACE.K, and dials each
 * that has a smaller number, again and again until it is there.
 */
#ifndef BEAM_P2P_CREW_MEETING_H
#define BEAM_P2P_CREW_MEETING_H

#include "loop/loop.h"
#include "stream/stream.h"

struct crew_meeting;

struct crew_meeting_spec { /* what is pointed to is borrowed */
    struct loop *loop;
    const char *place;
    unsigned index; /* of this process; below CREW_MAX */
    /* A connection to the process of number `dialled` - 1, or, where that is 0, from one of this
     * user's that has not said which it is. The stream is the callee's. From the loop. */
    void (*met)(void *arg, struct stream *s, unsigned dialled);
    void *arg;
};

/* 0, BEAM_EEXIST (one has that index already), BEAM_ELIMIT (the place is too long), … */
int crew_meeting_new(const struct crew_meeting_spec *spec, struct crew_meeting **out);
/* NULL allowed. */
void crew_meeting_free(struct crew_meeting *m);
/* A process that was dialled is not there, or not any more: it is dialled again, each time a little
 * later. */
void crew_meeting_again(struct crew_meeting *m, unsigned index);
/* It was the right one: the next time begins at once. */
void crew_meeting_well(struct crew_meeting *m, unsigned index);

#endif
