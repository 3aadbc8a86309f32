/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The path through Tor: a v3 onion service whose visitors tor brings to a unix socket in a folder
 * that nobody else can enter. A tor that is not ours cannot enter it either: that one brings them
 * to a port on loopback, which every program on this machine can reach.
 */
#ifndef BEAM_PATH_ONION_H
#define BEAM_PATH_ONION_H

#include "loop/loop.h"
#include "path/path.h"
#include "policy/permit.h"
#include "tor/isolation.h"
#include "tor/onion.h"

struct path_onion_spec {
    struct loop *loop;
    struct tor *tor;         /* borrowed; started when it is off */
    struct onion_key *key;   /* taken over, always */
    const char *dir;         /* private folder (0700) for the socket, of a tor that is ours */
    const char *id;          /* file name of the socket in it, unique: "17" */
    const char *client_auth; /* file of the visitors who may enter; NULL: anybody may */
    struct onion_limits limits;
    /* A private folder for one of the service's own, which has its key in it in the plain:
     * visitors' circuits are told apart. NULL: they are not. */
    const char *services;
    uint64_t checkup_every;      /* ms between two looks whether it can be reached; 0: never */
    const struct permit *permit; /* for these, as what follows; borrowed while the path lives */
    const struct isolation *isolation;
    const struct clock_source *clock;
    uint16_t port; /* that visitors ask for; 0: 80, so that the URL needs none */
};

/*
 * Makes the folder if need be. 0, BEAM_ENOMEM, BEAM_EEXIST (this onion is published already, or the
 * socket is in use), BEAM_ELIMIT (path too long for a unix socket), BEAM_EINVAL (one that tor does
 * not take), BEAM_EPERM (a loose folder), BEAM_EIO, the errors of guests_new, with words. The first
 * event comes later.
 */
int path_onion(const struct path_onion_spec *spec, const struct path_events *events,
               struct path **out, struct beam_why *why);

#endif
