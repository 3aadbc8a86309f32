/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where tor brings the visitors of an onion service: a unix socket in a private folder, or, for a
 * tor that runs as somebody else, a port on loopback.
 */
#ifndef BEAM_TOR_DOORWAY_H
#define BEAM_TOR_DOORWAY_H

#include "base/addr.h"
#include "stream/stream.h"
#include "tor/tor.h"

struct doorway;

struct doorway_spec {
    struct loop *loop;
    const struct tor *tor; /* whose visitors they are; looked at now */
    const char *dir;       /* a private folder (0700) for the socket, made if need be */
    const char *id;        /* file name of the socket in it, unique */
};

/* The stream is the callee's. */
typedef void doorway_fn(void *arg, struct stream *s);

/* 0; BEAM_ELIMIT (too long a path for a unix socket), BEAM_EEXIST (it is in use), BEAM_EPERM (a
 * loose folder), BEAM_EIO, BEAM_ENOMEM, with words. */
int doorway_open(const struct doorway_spec *spec, doorway_fn *fn, void *arg, struct doorway **out,
                 struct beam_why *why);
/* The folder goes with the last socket in it. NULL allowed. */
void doorway_close(struct doorway *d);
/* For onion_spec's `target`. Borrowed. */
const struct addr *doorway_addr(const struct doorway *d);
/* Visitors wait until resumed. */
void doorway_pause(struct doorway *d);
void doorway_resume(struct doorway *d);

#endif
