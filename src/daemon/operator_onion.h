/* SPDX-License-Identifier: BSD-3-Clause */
/* The onion service over which owners reach a relay too, and the tor that it stands on. */
#ifndef BEAM_DAEMON_OPERATOR_ONION_H
#define BEAM_DAEMON_OPERATOR_ONION_H

#include "conf/conf.h"
#include "p2p/host.h"
#include "tor/onion_key.h"
#include "tor/tor.h"

struct operator_onion;

struct operator_onion_spec { /* what is pointed to is borrowed, but for the key */
    struct loop *loop;
    struct host *host; /* gets those who come, and announces the address */
    const struct conf *conf;
    const char *dir;       /* the relay's folder */
    struct onion_key *key; /* taken over, always */
    /* It can be reached: the multiaddr, with the peer id. From the loop, and so is `warning`. */
    void (*up)(void *arg, const char *address);
    void (*warning)(void *arg, const struct beam_why *why);
    void *arg;
};

/* 0; BEAM_EPERM, BEAM_ENOMEM, … with words. */
int operator_onion_new(const struct operator_onion_spec *spec, struct operator_onion **out,
                       struct beam_why *why);
/* Borrowed. */
struct tor *operator_onion_tor(const struct operator_onion *o);
/* Ends tor. True: it has ended; false: `done` will be called. */
bool operator_onion_stop(struct operator_onion *o, void (*done)(void *arg), void *arg);
/* NULL allowed. */
void operator_onion_free(struct operator_onion *o);

#endif
