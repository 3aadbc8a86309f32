/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who may enter an onion, as a file of visitors says (gate/visitors.h), and as it says after each
 * change: the file is looked at every second.
 */
#ifndef BEAM_PATH_GUESTS_H
#define BEAM_PATH_GUESTS_H

#include "loop/loop.h"
#include "tor/onion.h"

struct guests;

struct guests_events {
    /* They are others now: guests_clients has them. */
    void (*changed)(void *arg);
    /* Nobody may enter until `changed`: the file cannot be read, or lets nobody in. Said again
     * when the reason is another. */
    void (*closed)(void *arg, const struct beam_why *why);
    void *arg;
};

/* `path` is copied. The errors of visitors_load, and BEAM_EINVAL when it lets nobody in, with
 * words. */
int guests_new(struct loop *l, const char *path, const struct guests_events *events,
               struct guests **out, struct beam_why *why);
/* NULL allowed. */
void guests_free(struct guests *g);

/* At least one, unless they are closed. Borrowed until the next event. */
struct onion_clients guests_clients(const struct guests *g);

#endif
