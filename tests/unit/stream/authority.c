/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/stream/authority.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "tests/unit/harness.h"

enum { PLACES = 8 };

const char *authority_path(const struct authority *a, const char *file, const char *ending)
{
    static char places[PLACES][160];
    static unsigned turn;
    char *out = places[turn++ % PLACES];
    snprintf(out, sizeof(places[0]), "%s/%s%s", a->dir, file, ending);
    return out;
}

struct tls_certificate_files authority_files(const struct authority *a, const char *file)
{
    return (struct tls_certificate_files){.chain = authority_path(a, file, ".pem"),
                                          .key = authority_path(a, file, ".key")};
}

static void extend(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    cr_assert_not_null(e);
    cr_assert_eq(X509_add_ext(x, e, -1), 1);
    X509_EXTENSION_free(e);
}

static X509 *begin(struct authority *a, const char *name, EVP_PKEY *key, long from, long to)
{
    X509 *x = X509_new();
    cr_assert_not_null(x);
    cr_assert_eq(X509_set_version(x, 2), 1);
    cr_assert_eq(ASN1_INTEGER_set(X509_get_serialNumber(x), ++a->serial), 1);
    cr_assert_not_null(X509_gmtime_adj(X509_getm_notBefore(x), from));
    cr_assert_not_null(X509_gmtime_adj(X509_getm_notAfter(x), to));
    cr_assert_eq(X509_set_pubkey(x, key), 1);
    cr_assert_eq(X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                                            (const unsigned char *)name, -1, -1, 0),
                 1);
    return x;
}

static void write_certificate(const char *path, X509 *x)
{
    FILE *f = fopen(path, "w");
    cr_assert_not_null(f);
    cr_assert_eq(PEM_write_X509(f, x), 1);
    cr_assert_eq(fclose(f), 0);
}

void authority_open(struct authority *a)
{
    memset(a, 0, sizeof(*a));
    snprintf(a->dir, sizeof(a->dir), "/tmp/beam-tls-XXXXXX");
    cr_assert_not_null(mkdtemp(a->dir));
    snprintf(a->ca, sizeof(a->ca), "%s/ca.pem", a->dir);
    a->key = EVP_EC_gen("P-256");
    cr_assert_not_null(a->key);
    a->cert = begin(a, "beam test authority", a->key, -3600, 7 * 24 * 3600);
    cr_assert_eq(X509_set_issuer_name(a->cert, X509_get_subject_name(a->cert)), 1);
    extend(a->cert, a->cert, NID_basic_constraints, "critical,CA:TRUE");
    extend(a->cert, a->cert, NID_key_usage, "critical,keyCertSign");
    extend(a->cert, a->cert, NID_subject_key_identifier, "hash");
    cr_assert_gt(X509_sign(a->cert, a->key, EVP_sha256()), 0);
    write_certificate(a->ca, a->cert);
}

void authority_close(struct authority *a)
{
    EVP_PKEY_free(a->key);
    X509_free(a->cert);
    cr_assert_eq(file_remove_tree(a->dir), 0);
}

void authority_issue(struct authority *a, const char *file, const char *names, long from, long to)
{
    const char *path = authority_path(a, file, ".key");
    EVP_PKEY *key = EVP_EC_gen("P-256");
    cr_assert_not_null(key);
    X509 *x = begin(a, file, key, from, to);
    cr_assert_eq(X509_set_issuer_name(x, X509_get_subject_name(a->cert)), 1);
    extend(x, a->cert, NID_subject_alt_name, names);
    cr_assert_gt(X509_sign(x, a->key, EVP_sha256()), 0);
    write_certificate(authority_path(a, file, ".pem"), x);
    X509_free(x);
    FILE *f = fopen(path, "w");
    cr_assert_not_null(f);
    cr_assert_eq(chmod(path, 0600), 0);
    cr_assert_eq(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL), 1);
    cr_assert_eq(fclose(f), 0);
    EVP_PKEY_free(key);
}
