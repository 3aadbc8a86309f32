/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The way to the control port of a tor, authenticated, subscribed to its events, and held to be
 * anonymous. One of ours is dialled again until its socket is there, and taken into ownership; one
 * that runs already is looked for at each of its places once. Usable from `ready` to `closed`.
 */
#ifndef BEAM_TOR_LINK_H
#define BEAM_TOR_LINK_H

#include "policy/permit.h"
#include "tor/auth.h"
#include "tor/control.h"
#include "tor/places.h"

struct link;

/* What is pointed at is borrowed while the link lives. */
struct link_spec {
    const char *dir; /* of a tor of ours: its sockets and its cookie are in it (tor/torrc.h) */
    /* In place of `dir`: of one that runs already. How each let us in is noted in it. */
    struct places *places;
    const char *password_file; /* of the latter (tor/auth.h) */
    const struct permit *permit;
    bool own; /* with `dir`: take ownership, subscribe, insist on anonymity */
};

struct link_events {
    void (*ready)(void *arg);
    void (*event)(void *arg, const struct control_reply *event);
    /*
     * Over; the owner frees. BEAM_EAUTH, BEAM_EPERM, BEAM_EPROTO, BEAM_EINVAL:
     * this tor will not do (see auth_start); BEAM_EPOLICY: it is not anonymous;
     * BEAM_EREFUSED: none runs already; others: the connection is gone.
     */
    void (*closed)(void *arg, int err, const struct beam_why *why);
    void *arg;
};

/* Begins; all outcomes come later. 0, BEAM_ELIMIT (the path), BEAM_ENOMEM. */
int link_open(struct loop *l, const struct link_spec *spec, const struct link_events *events,
              struct link **out);
/* A good moment to dial a tor of ours: it has just said something. */
void link_poke(struct link *k);
/* Closes; an owned tor ends by that, and what was added to another's goes. May be called from
 * within its calls. NULL allowed. */
void link_free(struct link *k);

/* Borrowed; good from `ready` to `closed`. */
struct control *link_control(const struct link *k);
/* "0.4.8.16", or "" before tor said. */
const char *link_version(const struct link *k);
/* Of one that runs already, from `ready` on: where it was found, how it let us in, and its SOCKS
 * listener on this machine (of no length when it has none). */
const struct addr *link_at(const struct link *k);
enum protocol_method link_method(const struct link *k);
const struct addr *link_socks(const struct link *k);

#endif
