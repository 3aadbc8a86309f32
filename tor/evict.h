/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Closes the circuits over which visitors came to an onion service. When a
 * service is taken from tor these circuits stay, and lead into whatever is
 * published under the same address next, though their visitor may hold no key
 * to that. So they are closed in between, again and again until tor has none:
 * one that was about to be built is built anew by tor when it is closed.
 */
#ifndef BEAM_TOR_EVICT_H
#define BEAM_TOR_EVICT_H

#include "tor/control.h"
#include "tor/onion_key.h"

/* Its memory is the owner's; fields are private to evict.c. */
struct evict {
    struct control *control; /* NULL: not at work */
    char address[ONION_ADDRESS_SIZE];
    /* 0; BEAM_ETIMEOUT: they do not go; BEAM_EPERM: tor does not say which there are; others: a
     * command could not be sent. From the loop. */
    void (*done)(void *arg, int err);
    void *arg;
    struct loop_timer again;
    unsigned rounds;
};

void evict_init(struct evict *e, struct loop *l, void (*done)(void *arg, int err), void *arg);
/* One address at a time. `control` is borrowed until done, or evict_stop. 0, or the error of
 * control_send, after which it is not at work. */
int evict_start(struct evict *e, struct control *control, const char *address);
bool evict_busy(const struct evict *e);
/* The control connection is gone; nothing is told. */
void evict_stop(struct evict *e);

#endif
