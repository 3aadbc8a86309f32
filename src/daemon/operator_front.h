/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The public side of `beam relay`: where it takes visitors, over HTTP and HTTPS, and with which
 * certificates.
 */
#ifndef BEAM_DAEMON_OPERATOR_FRONT_H
#define BEAM_DAEMON_OPERATOR_FRONT_H

#include "conf/conf.h"
#include "daemon/operator_certificates.h"
#include "daemon/operator_rules.h"
#include "relay/front.h"

struct operator_front;
struct tls_tickets;

struct operator_front_spec { /* what is pointed to is borrowed */
    struct loop *loop;
    const struct conf *conf;
    const struct permit *permit;
    const char *listen, *tls_listen; /* in place of the keys; NULL */
    const struct interstitial *interstitial;
    struct operator_certificates_spec certificates;
    unsigned index, workers; /* of the relay's processes: which this is, and how many there are */
    bool is_public; /* it listens at every address, and the usual ports, if nothing else is said */
};

/* Listens, and reads certificates; visitors wait. 0 or why not, with words. */
int operator_front_open(const struct operator_front_spec *spec, struct operator_front **out,
                        struct beam_why *why);
/* Where it takes visitors over HTTPS, if that is elsewhere; or NULL. Borrowed. */
const struct addr *operator_front_at_tls(const struct operator_front *f);
/* The keys of its visitors' tickets; NULL: it has no HTTPS. Borrowed. */
struct tls_tickets *operator_front_tickets(const struct operator_front *f);
/* Where its endpoints are. Borrowed. */
const struct endpoint_base *operator_front_base(const struct operator_front *f);
/* Where it takes visitors over HTTP. Borrowed. */
const struct addr *operator_front_at(const struct operator_front *f);
/* Only this machine can visit where it listens at loopback, unless it is told to be reached from
 * elsewhere: by way of a proxy in front of it. */
bool operator_front_is_local(const struct operator_front *f);
/* Its URLs are https, and it takes TLS itself. */
bool operator_front_takes_tls(const struct operator_front *f);
/* Takes visitors from now on. 0 or why not, with words. */
int operator_front_serve(struct operator_front *f, struct host *host, struct lease_store *store,
                         struct operator_rules *rules, struct beam_why *why);
/* A further process does not before this, too. */
void operator_front_go(struct operator_front *f);
/* Since then. Borrowed. */
struct front *operator_front_visitors(const struct operator_front *f);
/* Reads the certificates again (tls_certificates_reload). NULL allowed. */
void operator_front_reload(struct operator_front *f);
/* NULL allowed. */
void operator_front_free(struct operator_front *f);

#endif
