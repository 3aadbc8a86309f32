/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An onion service published through a struct tor by ADD_ONION, for as long as
 * its handle lives: added when tor is ready to take it, added again when tor
 * came back from the dead, "up" once a descriptor of it was uploaded.
 */
#ifndef BEAM_TOR_ONION_H
#define BEAM_TOR_ONION_H

#include "tor/onion_key.h"
#include "tor/tor.h"

struct onion;

enum onion_state {
    ONION_WAITING,    /* for tor */
    ONION_PUBLISHING, /* added; no directory has its descriptor yet */
    ONION_UP,         /* HS_DESC UPLOADED was seen */
    ONION_FAILED      /* refused, or no tor can be started; tried again with the next tor */
};

struct onion_spec {
    const struct onion_key *key; /* borrowed while the handle lives */
    /* Where tor brings visitors: an absolute path of a unix socket, without spaces or quotes; or a
     * port on loopback. */
    struct addr target;
    uint16_t port; /* the virtual port, 80 for HTTP */
};

struct onion_events {
    /* Both are called from the loop, and the handle may be withdrawn within.
     * `why` is given on FAILED, and on WAITING when it was up before (what
     * happened); retry_ms then is when tor is tried again, 0 if not known. */
    void (*state)(void *arg, enum onion_state state, const struct beam_why *why, uint64_t retry_ms);
    /* Trouble that may pass (every upload so far failed, …), said once each time it begins. */
    void (*warning)(void *arg, const struct beam_why *why);
    void *arg;
};

/* Starts tor if it is off or had failed. The first event comes later. 0, BEAM_ENOMEM,
 * BEAM_EEXIST (that address is published already), BEAM_EINVAL (the path). */
int onion_publish(struct tor *t, const struct onion_spec *spec, const struct onion_events *events,
                  struct onion **out);
/* DEL_ONION if it was added; nothing more is called. NULL allowed. */
void onion_withdraw(struct onion *o);
enum onion_state onion_state(const struct onion *o);

#endif
