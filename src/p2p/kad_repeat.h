/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A server's part in keeping what lies in the DHT: nodes go, and new ones come nearer to a key. A
 * value that is due (p2p/kad_store.h) is asked for, and the best there is is put where it belongs
 * now. One at a time. Pure: when it is to look again it says through a call. For p2p/kad.
 */
#ifndef BEAM_P2P_KAD_REPEAT_H
#define BEAM_P2P_KAD_REPEAT_H

#include "p2p/kad_job.h"

struct kad_repeat;

struct kad_repeat_spec { /* what is pointed to is borrowed; the struct is copied */
    struct kad_store *store;
    struct kad_jobs *jobs;
    struct kad_now (*now)(void *arg);
    /* kad_repeat_look is to be called once, so much later. */
    void (*again)(void *arg, uint64_t ms);
    void *arg;
    uint64_t look_ms; /* between two looks at what is due; 0: a minute */
};

/* Asks for its first look at once. 0 or BEAM_ENOMEM. */
int kad_repeat_new(const struct kad_repeat_spec *spec, struct kad_repeat **out);
/* Before the jobs and the store. NULL allowed. */
void kad_repeat_free(struct kad_repeat *r);
void kad_repeat_look(struct kad_repeat *r);

#endif
