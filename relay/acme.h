/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Certificates from an authority that speaks ACME (RFC 8555), which uacme gets: beam starts it,
 * gives it a hook that puts answers where the relay's front finds them (HTTP-01), or one of the
 * operator's (DNS-01, which wildcards need), and asks again once a day, so that what nears its end
 * is renewed. What fails is told in the server's words, and tried again later and later.
 *
 * In its folder: private/key.pem, the account's key; DOMAIN/cert.pem and private/DOMAIN/key.pem;
 * challenges/, what the front answers; and the hook.
 */
#ifndef BEAM_RELAY_ACME_H
#define BEAM_RELAY_ACME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "loop/loop.h"

struct acme;

enum { ACME_RETRY_MS = 5 * 60 * 1000, ACME_RETRY_MOST_MS = 12 * 60 * 60 * 1000 };
enum { ACME_RENEW_MS = 24 * 60 * 60 * 1000, ACME_TIMEOUT_MS = 10 * 60 * 1000 };

struct acme_spec {       /* copied */
    struct loop *loop;   /* borrowed */
    const char *program; /* uacme: a path, or a name to look up */
    const char *dir;     /* absolute */
    const char *server;  /* the URL of its directory; "": the program's own */
    const char *email;   /* of the account; "": none */
    const char *domains; /* the certificate's names, one a line; the first names its folder */
    const char *hook;    /* a program in place of our own; "" */
    uint64_t retry_ms;   /* after the first failure, then twice as long each; 0: ACME_RETRY_MS */
    uint64_t renew_ms;   /* after a success; 0: ACME_RENEW_MS */
};

struct acme_events { /* all from the loop */
    /* There is a new certificate. */
    void (*issued)(void *arg);
    /* `why` says what the server, or the program, has to say. */
    void (*failed)(void *arg, const struct beam_why *why, uint64_t retry_ms);
    void *arg;
};

/* Whether a name is set apart for what is not of the public DNS (RFC 2606, 6761, 6762, 7686, 8375,
 * 9476), so that no public authority has a certificate for it. Pure. */
bool acme_reserved(const char *name, size_t len);
/* Where it will be; each is the caller's to free. 0, BEAM_ENOMEM, BEAM_EUSAGE (a name). */
int acme_files(const char *dir, const char *domains, char **chain, char **key,
               struct beam_why *why);
/* "DIR/challenges"; free(). NULL when out of memory. */
char *acme_challenges(const char *dir);

/* Makes the folders; begins in the next turn. 0 or why not, with words. */
int acme_start(const struct acme_spec *spec, const struct acme_events *events, struct acme **out,
               struct beam_why *why);
/* Ends the program if it runs. NULL allowed. */
void acme_free(struct acme *a);

#endif
