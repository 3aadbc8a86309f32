/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a struct tor stands for: a process of ours and the way to its control port, or the way to
 * the control port of a tor that runs already. For tor/tor.c, which decides when.
 */
#ifndef BEAM_TOR_BODY_H
#define BEAM_TOR_BODY_H

#include "tor/link.h"
#include "tor/spawn.h"
#include "tor/tor_options.h"

struct body_events {
    /* Of a process of ours (tor/spawn.h). */
    void (*log)(void *arg, const struct logline *l);
    void (*ended)(void *arg, int status, const struct beam_why *why);
    /* Of the link (tor/link.h), which is gone before `closed`. */
    void (*ready)(void *arg);
    void (*event)(void *arg, const struct control_reply *event);
    void (*closed)(void *arg, int err, const struct beam_why *why);
    void *arg;
};

/* Its memory is the owner's. Fields are for reading: `spawn` and `link` are NULL when there is
 * none. */
struct body {
    struct loop *loop;
    struct tor_options options, next; /* texts owned; the latter in their place when `renewed` */
    bool renewed;
    struct body_events events;
    struct permit *permit;
    struct places places; /* parsed once for the options */
    struct spawn *spawn;
    struct link *link;
};

/* Texts of options are copied. 0 or BEAM_ENOMEM. */
int body_init(struct loop *l, struct body *b, const struct tor_options *options,
              const struct body_events *events);
/* Kills what runs. Zeroed is fine. */
void body_clear(struct body *b);

/* Options to be put in place by body_renew, while nothing runs. 0 or BEAM_ENOMEM. */
int body_set_options(struct body *b, const struct tor_options *options);
void body_renew(struct body *b);

/* Whether it is a process of ours, as the options say. */
bool body_is_ours(const struct body *b);
/* Whether some process holds the data directory that ours would have. */
bool body_locked(const struct body *b);
/* Starts the process, if it is ours, and opens the way to it. 0, or an error with words; a process
 * may have been started all the same. */
int body_start(struct body *b, struct beam_why *why);
/* Closes the control connection. */
void body_hang_up(struct body *b);
/* Removes the sockets and the cookie that a process of ours left. */
void body_clean(const struct body *b);

#endif
