/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a struct tor is made of, and what happens to it: tor.c is what its owner calls and what is
 * heard of the process and over the link, tor_machine.c what is decided and done about that. For
 * these two alone.
 */
#ifndef BEAM_TOR_TOR_PARTS_H
#define BEAM_TOR_TOR_PARTS_H

#include "tor/body.h"
#include "tor/doubt.h"
#include "tor/fetch.h"
#include "tor/onions.h"
#include "tor/socks_port.h"
#include "tor/tor.h"
#include "tor/watch.h"

/* Beside those of tor.h: the process is being ended; t->next comes then. */
#define TOR_ENDING ((enum tor_state)(TOR_FAILED + 1))

enum tor_ev {
    EV_START,
    EV_STOP,
    EV_TIMER,        /* of the state */
    EV_CONTROLLED,   /* the link is ready */
    EV_BOOTSTRAPPED, /* 100 % */
    EV_REFUSED,      /* this tor will not do: t->why */
    EV_LOST,         /* the link is gone: t->why */
    EV_ENDED         /* so is the process: t->why, t->status */
};

struct tor {
    struct loop *loop;
    struct audience audience;
    struct onions *onions;
    struct fetches fetches;
    struct addr socks;
    struct socks_port socks_port; /* of one that is not ours */
    enum tor_state state, next;
    struct body body;
    struct watch watch;
    struct loop_timer timer;
    struct loop_task start, stop, broken; /* what the owner asked for, and onions_hooks */
    void (*stopped)(void *arg);
    void *stopped_arg;
    struct beam_why why;
    int status;          /* of the process that ended */
    bool was_controlled; /* since the owner started it */
    bool again;          /* started while it was being stopped */
    bool lost;           /* the link went before the process */
    unsigned failures;   /* ends in a row */
    bool warned;         /* of these; until it is ready */
    uint64_t ready_at;   /* 0: not yet */
    struct doubt doubt;
    uint64_t wait_until; /* for the lock */
    char version[PROTOCOL_VERSION_SIZE];
};

/* Decides. */
void tor_event(struct tor *t, enum tor_ev ev);
/* Closes the control connection. */
void tor_hang_up(struct tor *t);
/* One of ours that is not ready yet begins anew, for a reason that is no failure of its own. */
void tor_begin_anew(struct tor *t, const char *reason);

#endif
