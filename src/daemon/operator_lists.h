/* SPDX-License-Identifier: BSD-3-Clause */
/* Has the denylists fetched that a relay subscribes to elsewhere: straight from an address, through
 * the relay's tor from a name; and warns of those that nobody renews. */
#ifndef BEAM_DAEMON_OPERATOR_LISTS_H
#define BEAM_DAEMON_OPERATOR_LISTS_H

#include "conf/conf.h"
#include "loop/loop.h"
#include "policy/permit.h"
#include "relay/denylists.h"
#include "tor/tor.h"

struct operator_lists;

struct operator_lists_spec { /* what is pointed to is borrowed */
    struct loop *loop;
    const struct conf *conf;
    const struct permit *permit;
    struct tor *tor; /* NULL: there is none */
    struct denylists *lists;
    void (*warning)(void *arg, const struct beam_why *why);
    void *arg;
};

/* Begins at once. 0 or BEAM_ENOMEM with words. */
int operator_lists_new(const struct operator_lists_spec *spec, struct operator_lists **out,
                       struct beam_why *why);
/* Around whatever sets the lists anew. NULL allowed, both. */
void operator_lists_pause(struct operator_lists *o);
void operator_lists_resume(struct operator_lists *o, const struct conf *c);
/* How many are in force that nobody has renewed for relay.denylist_age. */
size_t operator_lists_old(const struct operator_lists *o);
/* NULL allowed. */
void operator_lists_free(struct operator_lists *o);

#endif
