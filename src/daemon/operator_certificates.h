/* SPDX-License-Identifier: BSD-3-Clause */
/* The certificates of `beam relay`: those of the operator's files, and the one that ACME gets. */
#ifndef BEAM_DAEMON_OPERATOR_CERTIFICATES_H
#define BEAM_DAEMON_OPERATOR_CERTIFICATES_H

#include "conf/conf.h"
#include "loop/loop.h"
#include "stream/tls_certificates.h"

struct operator_certificates;

struct operator_certificates_spec { /* what is pointed to is borrowed */
    struct loop *loop;
    const struct conf *conf; /* while it opens */
    const char *dir;         /* the relay's folder */
    const char *acme;        /* domains, in place of relay.acme; NULL */
    const char *email;       /* in place of relay.acme_email; NULL */
    void (*warning)(void *arg, const struct beam_why *why);
    void (*issued)(void *arg); /* one came from the ACME server, and was read */
    void *arg;
};

/* Whether there are to be any: without, a relay has no HTTPS. */
bool operator_certificates_wanted(const struct operator_certificates_spec *spec);
/* Reads them; ACME's may be missing still. 0 or why not, with words. */
int operator_certificates_open(const struct operator_certificates_spec *spec,
                               struct operator_certificates **out, struct beam_why *why);
/* Asks for what is missing or nears its end, from now on: the front must answer. */
int operator_certificates_renew(struct operator_certificates *c, struct beam_why *why);
/* Borrowed. The first domain of ACME's, and the folder of the answers to its challenges: NULL
 * without it. */
const struct tls_certificates *operator_certificates_all(const struct operator_certificates *c);
const char *operator_certificates_domain(const struct operator_certificates *c);
const char *operator_certificates_challenges(const struct operator_certificates *c);
/* Reads them again (tls_certificates_reload). NULL allowed, as of the next. */
void operator_certificates_reload(struct operator_certificates *c);
void operator_certificates_free(struct operator_certificates *c);

#endif
