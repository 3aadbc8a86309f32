/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The onion services that a tor of ours has by its configuration rather than by ADD_ONION: those
 * whose visitors' circuits are to be told apart, which tor does for no others. SETCONF takes all of
 * them at once or none, and takes away what it does not name; so one is added at a time, and where
 * tor has others by a torrc of the user's, none is. For tor/onions.c alone.
 */
#ifndef BEAM_TOR_CONFIGURED_H
#define BEAM_TOR_CONFIGURED_H

#include <stdbool.h>
#include <sys/queue.h>

#include "tor/control.h"
#include "tor/onion.h"

enum { CONFIGURED_MAX = 24 }; /* all of them are in one command, whatever their paths */

/* Embedded in a service; zeroed: not one of these. */
struct configured_service {
    const struct onion_spec *spec; /* NULL: not in the list */
    bool pow;
    TAILQ_ENTRY(configured_service) link;
};

struct configured_hooks {
    void (*ready)(void *arg);  /* configured_room may have another answer now */
    void (*broken)(void *arg); /* what tor has is not what it was told: the connection must go */
    void *arg;
};

enum configured_others { CONFIGURED_UNASKED, CONFIGURED_ASKED, CONFIGURED_NONE, CONFIGURED_SOME };

TAILQ_HEAD(configured_list, configured_service);
STAILQ_HEAD(configured_leavers, configured_leaver);

/* Its memory is the owner's; private to configured.c. */
struct configured {
    struct configured_hooks hooks;
    struct control *control;
    enum configured_others others; /* that tor has from elsewhere */
    struct configured_list list;
    size_t count;
    struct configured_service *adding; /* tor has not answered yet; or was taken meanwhile */
    bool busy;                         /* nor has it */
    control_fn *fn;
    void *arg;
    struct configured_leavers leavers; /* whose folders go once tor has let go of them */
};

void configured_init(struct configured *c, const struct configured_hooks *hooks);
/* The connection is there; it is gone, and so is tor: all folders are wiped. */
void configured_up(struct configured *c, struct control *control);
void configured_down(struct configured *c);

/* tor has read its torrc again, where none of these is: all are forgotten, their folders wiped. */
void configured_reloaded(struct configured *c);

/* Whether one may be added now: 0; BEAM_EAGAIN: `ready` tells when; BEAM_EEXIST: tor has others;
 * BEAM_ELIMIT: too many. */
int configured_room(struct configured *c);
/* Writes the folder of `spec`, borrowed while it is one of these, and asks tor; where that refuses,
 * it is none of these any more when `fn` is called. Only after configured_room gave 0. 0, the
 * errors of service_dir_write and of control_send. */
int configured_add(struct configured *c, struct configured_service *s,
                   const struct onion_spec *spec, bool pow, control_fn *fn, void *arg);
/* Takes it from tor. One that is none of these is fine. */
void configured_take(struct configured *c, struct configured_service *s);

#endif
