/* SPDX-License-Identifier: BSD-3-Clause */
/* An authority of a test's own, and the certificates that it signs, as files in a fresh folder. */
#ifndef BEAM_TESTS_UNIT_STREAM_AUTHORITY_H
#define BEAM_TESTS_UNIT_STREAM_AUTHORITY_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "stream/tls_certificates.h"

struct authority {
    char dir[64];
    char ca[96]; /* its own certificate's file */
    EVP_PKEY *key;
    X509 *cert;
    long serial;
};

/* Asserts that it could. */
void authority_open(struct authority *a);
void authority_close(struct authority *a);

/*
 * Writes DIR/<file>.pem and DIR/<file>.key: a certificate for these names ("DNS:a.example,
 * IP:127.0.0.1"), valid from `from` to `to` seconds after now.
 */
void authority_issue(struct authority *a, const char *file, const char *names, long from, long to);
/* DIR/<file><ending>, in one of a few static places. */
const char *authority_path(const struct authority *a, const char *file, const char *ending);
struct tls_certificate_files authority_files(const struct authority *a, const char *file);

#endif
