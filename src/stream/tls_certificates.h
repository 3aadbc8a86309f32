/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The certificates that a server has, each with its key, from files in PEM: which of them a client
 * is shown that asks for a name. They may be read again at any time; handshakes that are under way
 * keep what they have.
 */
#ifndef BEAM_STREAM_TLS_CERTIFICATES_H
#define BEAM_STREAM_TLS_CERTIFICATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"

struct ssl_st;
struct tls_certificates;

struct tls_certificate_files {
    const char *chain; /* the certificate, and those of the authorities between it and the root */
    const char *key;   /* readable by nobody but us, or our group, and without a passphrase */
    bool later;        /* may be missing when it begins */
};

enum { TLS_CERTIFICATES_MAX = 256, TLS_CHAIN_MAX = 128 * 1024 };

/* Reads them all. The files' names are copied, `clock` is borrowed. One that has expired is taken,
 * with a warning in the log. 0, BEAM_ENOMEM, or why one cannot be taken, with words:
 * BEAM_ENOTFOUND, BEAM_EPERM, BEAM_EINVAL … */
int tls_certificates_new(const struct tls_certificate_files *files, size_t count,
                         const struct clock_source *clock, struct tls_certificates **out,
                         struct beam_why *why);
/*
 * Reads them again. Where that does not give a certificate that is whole, of its key and valid at
 * this time, the old one stays and the log says why. How many were not taken.
 */
size_t tls_certificates_reload(struct tls_certificates *c);
/* NULL allowed. */
void tls_certificates_free(struct tls_certificates *c);

/* SHA-256 of what the certificate of this place in `files` is in DER. 0 or BEAM_ENOTFOUND: there is
 * none yet. */
int tls_certificates_digest(const struct tls_certificates *c, size_t at, uint8_t out[32]);

/* Whether one of them is for a name below this domain, as *.DOMAIN is; not for DOMAIN itself. */
bool tls_certificates_cover(const struct tls_certificates *c, const char *domain);

/* Gives an SSL of a server's the certificate for a name: one with exactly this name, else one with
 * a wildcard for it, else the first. 0 or BEAM_ENOTFOUND (there is none at all), BEAM_ENOMEM. */
int tls_certificates_use(const struct tls_certificates *c, const char *name, struct ssl_st *ssl);

#endif
