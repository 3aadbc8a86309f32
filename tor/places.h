/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where the control port of a tor that runs already may be: what `tor.control` says, or the places
 * where tors usually have it. Pure.
 */
#ifndef BEAM_TOR_PLACES_H
#define BEAM_TOR_PLACES_H

#include <stdbool.h>

#include "base/addr.h"
#include "base/err.h"
#include "tor/protocol_info.h"

enum { PLACES_MAX = 3 };

struct place {
    struct addr at;
    /* Anybody on this machine could be listening there, and nobody named it: who answers must prove
     * to be a tor that root, a system account or we started (see auth_spec). */
    bool proof;
    /* How it let us in since it was parsed; 0: it has not. */
    enum protocol_method known;
};

struct places {
    struct place list[PLACES_MAX];
    size_t count;
    bool usual; /* "auto": tried in turn */
};

/*
 * "unix:PATH", "HOST:PORT" with a HOST on loopback ("localhost" is 127.0.0.1), or "auto".
 * 0 or BEAM_EINVAL with words.
 */
int places_parse(const char *control, struct places *out, struct beam_why *why);

/* Why the place could not be dialled, for people: `err` is what dialling gave. Returns the code to
 * go on with, BEAM_EREFUSED where nothing is there. */
int places_unreached(const struct place *p, int err, struct beam_why *why);
/* None of the usual places has a control port. Returns BEAM_EREFUSED. */
int places_none(const struct places *p, struct beam_why *why);

#endif
