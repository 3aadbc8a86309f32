/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All onion services of one tor: found by address, added a few at a time when
 * a control connection is there, added again on the next one. For each tor
 * builds a dozen circuits and more; those of hundreds at once would starve each
 * other until they time out, so that none came up. For tor/tor.c
 * and tor/onion.c alone.
 */
#ifndef BEAM_TOR_ONIONS_H
#define BEAM_TOR_ONIONS_H

#include <sys/queue.h>

#include "tor/configured.h"
#include "tor/control.h"
#include "tor/onion.h"
#include "tor/uploads.h"

enum { ONIONS_MAX = 100000 };

struct onions;

/* What happens to one service. */
enum onion_ev {
    ONION_EV_ADDED,    /* tor took it */
    ONION_EV_UPLOADED, /* a directory has its descriptor */
    ONION_EV_DOWN,     /* tor is gone; more will come */
    ONION_EV_ANEW,     /* it was taken down, to be published anew */
    ONION_EV_REFUSED,  /* tor will not have it */
    ONION_EV_NO_TOR    /* tor cannot be started */
};

enum onion_place {
    ONION_AT_REST,  /* in no list */
    ONION_QUEUED,   /* to be added */
    ONION_CLEARING, /* to be added once the circuits to its address are closed */
    ONION_UNDER_WAY /* added a short while ago, and not up yet */
};

/* One service. onions.c keeps its place, onion.c its state. */
struct onion {
    struct onions *all;
    struct onion_spec spec; /* key borrowed, clients owned */
    struct onion_events events;
    enum onion_state state;
    enum onion_place place;
    uint64_t since;                    /* it is under way */
    bool asked;                        /* an ADD_ONION of it was sent on this connection */
    bool cleared;                      /* no circuit from before leads to its address */
    bool no_pow;                       /* this tor knows no proof of work */
    bool told_of_disk;                 /* its owner was, that its key is on one */
    unsigned anews;                    /* times it was published anew by onion_doubt, of this tor */
    uint64_t anew_at[ONION_ANEW_MOST]; /* the last of them; at[(anews - 1) % ONION_ANEW_MOST] */
    unsigned collisions;               /* in a row on this connection */
    struct uploads uploads;
    struct configured_service configured;
    TAILQ_ENTRY(onion) link;
    struct loop *loop;
    struct loop_task tell;  /* gives the state to the owner */
    struct loop_timer late; /* while it is being published */
    struct beam_why why;
    uint64_t retry_ms;
};

struct onions_hooks {
    /* The connection must go: a service could not be taken down on it. */
    void (*broken)(void *arg);
    void *arg;
};

int onions_new(struct loop *l, const struct onions_hooks *hooks, struct onions **out);
/* It must be empty. NULL allowed. */
void onions_free(struct onions *all);

/* Tor is in its network: from now on, and until onions_detach, none may be published for `patience`
 * ms without a directory taking it, or that is said. */
void onions_reach(struct onions *all, uint64_t patience);
/* 0: it is not. */
uint64_t onions_patience(const struct onions *all);

/* o becomes one of them, and is queued. 0, BEAM_EEXIST, BEAM_ELIMIT, BEAM_ENOMEM. */
int onions_put(struct onions *all, struct onion *o);
/* o is up, or will not be: the next may follow. */
void onions_settled(struct onions *all, struct onion *o);
/* o leaves; a DEL_ONION goes out if tor may have it. */
void onions_take(struct onions *all, struct onion *o);

/* o's clients are others now: it is taken from tor, and queued. */
void onions_renew(struct onions *all, struct onion *o);

/* o is published anew, for a descriptor that counts more. */
void onions_again(struct onions *all, struct onion *o);
/* And so when tor has no introduction circuit of it, or a directory has another descriptor. */
void onions_doubt(struct onions *all, struct onion *o);

/* A control connection is ready: everything is added. */
void onions_up(struct onions *all, struct control *control);
/* The connection is gone: nothing goes out any more. */
void onions_detach(struct onions *all);
/* Said to all after that: tor comes back. `why` and retry_ms as for onion_events. */
void onions_down(struct onions *all, const struct beam_why *why, uint64_t retry_ms);
/* As onions_down: it cannot be started, and why. */
void onions_fail(struct onions *all, const struct beam_why *why);
void onions_event(struct onions *all, const struct hs_desc *d);
/* tor has read its torrc again, and what it had by its configuration alone is gone: those are
 * published anew. */
void onions_reloaded(struct onions *all);

/* In onion.c: the state machine of one. `why` and retry_ms where there are any. */
void onion_event(struct onion *o, enum onion_ev ev, const struct beam_why *why, uint64_t retry_ms);
/* Said to its owner: trouble that may pass. */
void onion_warn(struct onion *o, const struct beam_why *why);
/* A directory is to take its descriptor in time, from now on. */
void onion_expect(struct onion *o);
/* What became of its descriptor at a directory. */
void onion_upload(struct onion *o, const struct hs_desc *d);

/* In tor.c. */
struct onions *tor_onions(struct tor *t);
struct loop *tor_loop(const struct tor *t);

#endif
