/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Has tor fetch an onion's descriptor from a directory, now, whatever it has of it already: who
 * then visits that onion does so by what visitors are given who never came before. tor remembers a
 * descriptor for hours, and asks no directory twice within a quarter of an hour.
 */
#ifndef BEAM_TOR_FETCH_H
#define BEAM_TOR_FETCH_H

#include <sys/queue.h>

#include "tor/control.h"
#include "tor/hs_desc.h"

struct fetch;

enum fetch_result {
    FETCH_RECEIVED, /* tor has what a directory has */
    FETCH_FAILED,   /* the directory that was asked has none, or none that is good: `reason` */
    FETCH_NOT_DONE  /* tor asked none, which says nothing of the onion: it has asked each of them a
                       short while ago; it refuses the command; it is gone */
};

typedef void fetch_fn(void *arg, enum fetch_result result, const char *reason);

/* All of one tor. Zeroed: without one. Fields are private to fetch.c. */
struct fetches {
    TAILQ_HEAD(fetch_list, fetch) list; /* in the order of asking */
    struct control *control;
};

void fetches_init(struct fetches *all);
/* A control connection is ready; it is gone, and with it all that were asked for. */
void fetches_up(struct fetches *all, struct control *control);
void fetches_down(struct fetches *all);
void fetches_event(struct fetches *all, const struct hs_desc *d);

/* Of "…" without ".onion"; `fn` is called once, never from within. It may take as long as it takes.
 * 0, BEAM_ECLOSED (tor is not under control), BEAM_ENOMEM, the errors of control_send. */
int fetch_start(struct fetches *all, const char *address, fetch_fn *fn, void *arg,
                struct fetch **out);
/* `fn` is not called any more. NULL allowed; not after fn was called. */
void fetch_cancel(struct fetch *f);

#endif
