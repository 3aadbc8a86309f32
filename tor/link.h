/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The way to the control port of a tor of ours: dialled again until its socket
 * is there, authenticated, taken into ownership, subscribed to its events, and
 * held to be anonymous. Usable from `ready` to `closed`.
 */
#ifndef BEAM_TOR_LINK_H
#define BEAM_TOR_LINK_H

#include "policy/permit.h"
#include "tor/auth.h"
#include "tor/control.h"

struct link;

struct link_spec {
    const char *dir;             /* where its sockets and its cookie are (tor/torrc.h) */
    const struct permit *permit; /* borrowed while the link lives */
    bool own;                    /* take ownership, subscribe, insist on anonymity */
};

struct link_events {
    void (*ready)(void *arg);
    void (*event)(void *arg, const struct control_reply *event);
    /*
     * Over; the owner frees. BEAM_EAUTH, BEAM_EPERM, BEAM_EPROTO, BEAM_EINVAL:
     * this tor will not do (see auth_start); BEAM_EPOLICY: it is not anonymous;
     * others: the connection is gone.
     */
    void (*closed)(void *arg, int err, const struct beam_why *why);
    void *arg;
};

/* Begins; all outcomes come later. 0, BEAM_ELIMIT (the path), BEAM_ENOMEM. */
int link_open(struct loop *l, const struct link_spec *spec, const struct link_events *events,
              struct link **out);
/* A good moment to dial: tor has just said something. */
void link_poke(struct link *k);
/* Closes; an owned tor ends by that. May be called from within its calls. NULL allowed. */
void link_free(struct link *k);

/* Borrowed; good from `ready` to `closed`. */
struct control *link_control(const struct link *k);
/* "0.4.8.16", or "" before tor said. */
const char *link_version(const struct link *k);

#endif
