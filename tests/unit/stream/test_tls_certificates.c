/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/tls_certificates.h"

#include <openssl/ssl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "tests/unit/harness.h"
#include "tests/unit/stream/authority.h"

struct scene {
    struct authority authority;
    struct tls_certificates *certificates;
    struct beam_why why;
    SSL_CTX *ctx;
};

enum { HOUR = 3600 };

static void scene_open(struct scene *s)
{
    memset(s, 0, sizeof(*s));
    cr_assert_geq(sodium_init(), 0);
    authority_open(&s->authority);
    s->ctx = SSL_CTX_new(TLS_server_method());
    cr_assert_not_null(s->ctx);
}

static int reads(struct scene *s, const char *file)
{
    const struct tls_certificate_files files = authority_files(&s->authority, file);
    return tls_certificates_new(&files, 1, clock_system(), &s->certificates, &s->why);
}

static void scene_close(struct scene *s)
{
    tls_certificates_free(s->certificates);
    SSL_CTX_free(s->ctx);
    authority_close(&s->authority);
}

/* The name in the subject of what a client is shown that asks for `name`; "": nothing. */
static void shown(struct scene *s, const char *name, char out[64])
{
    SSL *ssl = SSL_new(s->ctx);
    cr_assert_not_null(ssl);
    out[0] = '\0';
    if (tls_certificates_use(s->certificates, name, ssl) == 0)
        X509_NAME_get_text_by_NID(X509_get_subject_name(SSL_get_certificate(ssl)), NID_commonName,
                                  out, 64);
    SSL_free(ssl);
}

static void shows(struct scene *s, const char *name, const char *file)
{
    char is[64];
    shown(s, name, is);
    cr_assert_str_eq(is, file, "%s gets %s", name, is);
}

BEAM_TEST(tls_certificates, the_one_of_a_name)
{
    struct scene s;
    uint8_t digest[32];
    scene_open(&s);
    authority_issue(&s.authority, "one", "DNS:relay.example", -HOUR, HOUR);
    authority_issue(&s.authority, "wild", "DNS:*.relay.example", -HOUR, HOUR);
    authority_issue(&s.authority, "two", "DNS:x.relay.example,DNS:other.example", -HOUR, HOUR);
    const struct tls_certificate_files files[] = {authority_files(&s.authority, "one"),
                                                  authority_files(&s.authority, "wild"),
                                                  authority_files(&s.authority, "two")};
    cr_assert_eq(tls_certificates_new(files, 3, clock_system(), &s.certificates, &s.why), 0);
    shows(&s, "relay.example", "one");
    shows(&s, "RELAY.Example", "one");
    shows(&s, "a.relay.example", "wild");
    shows(&s, "x.relay.example", "two");
    shows(&s, "other.example", "two");
    shows(&s, "a.b.relay.example", "one");
    shows(&s, "nobody.example", "one");
    shows(&s, "", "one");
    cr_assert_eq(tls_certificates_digest(s.certificates, 2, digest), 0);
    cr_assert_eq(tls_certificates_digest(s.certificates, 3, digest), BEAM_ENOTFOUND);
    scene_close(&s);
}

BEAM_TEST(tls_certificates, whether_one_is_for_names_below_a_domain)
{
    struct scene s;
    scene_open(&s);
    authority_issue(&s.authority, "one", "DNS:relay.example,DNS:*.relay.example,IP:127.0.0.1",
                    -HOUR, HOUR);
    authority_issue(&s.authority, "two", "DNS:other.example,DNS:*.TLS.relay.example", -HOUR, HOUR);
    cr_assert_eq(reads(&s, "one"), 0);
    cr_expect(tls_certificates_cover(s.certificates, "relay.example"));
    cr_expect(tls_certificates_cover(s.certificates, "example"));
    cr_expect_not(tls_certificates_cover(s.certificates, "tls.relay.example"));
    cr_expect_not(tls_certificates_cover(s.certificates, "elay.example"));
    tls_certificates_free(s.certificates);
    s.certificates = NULL;
    cr_assert_eq(reads(&s, "two"), 0);
    cr_expect(tls_certificates_cover(s.certificates, "tls.relay.example"));
    cr_expect_not(tls_certificates_cover(s.certificates, "other.example"));
    scene_close(&s);
}

static void refused(struct scene *s, const char *file, int err, const char *words)
{
    cr_assert_eq(reads(s, file), err);
    cr_assert_not_null(strstr(s->why.text, words), "%s", s->why.text);
    cr_assert_null(s->certificates);
}

BEAM_TEST(tls_certificates, files_that_are_none)
{
    struct scene s;
    scene_open(&s);
    refused(&s, "none", BEAM_ENOTFOUND, "none.pem: the certificate cannot be read");
    authority_issue(&s.authority, "a", "DNS:a.example", -HOUR, HOUR);
    authority_issue(&s.authority, "b", "DNS:b.example", -HOUR, HOUR);
    const char *key = authority_path(&s.authority, "a", ".key");
    cr_assert_eq(chmod(key, 0644), 0);
    refused(&s, "a", BEAM_EPERM, "chmod 0600");
    cr_assert_eq(chmod(key, 0640), 0);
    cr_assert_eq(reads(&s, "a"), 0);
    tls_certificates_free(s.certificates);
    s.certificates = NULL;
    cr_assert_eq(rename(authority_path(&s.authority, "b", ".key"), key), 0);
    refused(&s, "a", BEAM_EINVAL, "is not that of");
    cr_assert_eq(file_write(key, 0600, "no key", 6), 0);
    refused(&s, "a", BEAM_EINVAL, "no private key in PEM");
    cr_assert_eq(file_write(authority_path(&s.authority, "a", ".pem"), 0600, "", 0), 0);
    refused(&s, "a", BEAM_EINVAL, "no certificate in PEM");
    scene_close(&s);
}

/* One that has expired is better than none when a relay begins; one that is to come may be missing,
 * and is taken when it is there. */
BEAM_TEST(tls_certificates, expired_and_still_to_come)
{
    struct scene s;
    uint8_t digest[32];
    scene_open(&s);
    authority_issue(&s.authority, "late", "DNS:a.example", -2 * HOUR, -HOUR);
    cr_assert_eq(reads(&s, "late"), 0);
    shows(&s, "a.example", "late");
    tls_certificates_free(s.certificates);
    s.certificates = NULL;

    struct tls_certificate_files files = authority_files(&s.authority, "soon");
    files.later = true;
    cr_assert_eq(tls_certificates_new(&files, 1, clock_system(), &s.certificates, &s.why), 0);
    shows(&s, "a.example", "");
    cr_assert_eq(tls_certificates_digest(s.certificates, 0, digest), BEAM_ENOTFOUND);
    cr_assert_eq(tls_certificates_reload(s.certificates), 1u);
    authority_issue(&s.authority, "soon", "DNS:a.example", -HOUR, HOUR);
    cr_assert_eq(tls_certificates_reload(s.certificates), 0u);
    shows(&s, "a.example", "soon");
    scene_close(&s);
}

/* So many eighths of a file, in its place. */
static void cut(const char *path, size_t eighths)
{
    char *text;
    size_t size;
    cr_assert_eq(file_read(path, 100000, &text, &size), 0);
    cr_assert_eq(file_write(path, 0600, text, size * eighths / 8), 0);
    free(text);
}

BEAM_TEST(tls_certificates, what_is_not_fit_leaves_the_old_one)
{
    struct scene s;
    uint8_t before[32], after[32];
    scene_open(&s);
    authority_issue(&s.authority, "a", "DNS:a.example", -HOUR, HOUR);
    char pem[160], key[160];
    snprintf(pem, sizeof(pem), "%s", authority_path(&s.authority, "a", ".pem"));
    snprintf(key, sizeof(key), "%s", authority_path(&s.authority, "a", ".key"));
    cr_assert_eq(reads(&s, "a"), 0);
    cr_assert_eq(tls_certificates_digest(s.certificates, 0, before), 0);

    authority_issue(&s.authority, "a", "DNS:a.example", -2 * HOUR, -HOUR); /* expired */
    cr_assert_eq(tls_certificates_reload(s.certificates), 1u);
    authority_issue(&s.authority, "a", "DNS:a.example", HOUR, 2 * HOUR); /* not yet valid */
    cr_assert_eq(tls_certificates_reload(s.certificates), 1u);
    for (size_t i = 0; i < 16; i++) { /* half written */
        authority_issue(&s.authority, "a", "DNS:a.example", -HOUR, HOUR);
        cut(i % 2 ? pem : key, i / 2);
        cr_assert_eq(tls_certificates_reload(s.certificates), 1u);
    }
    authority_issue(&s.authority, "b", "DNS:a.example", -HOUR, HOUR); /* another's key */
    authority_issue(&s.authority, "a", "DNS:a.example", -HOUR, HOUR);
    cr_assert_eq(rename(authority_path(&s.authority, "b", ".key"), key), 0);
    cr_assert_eq(tls_certificates_reload(s.certificates), 1u);
    cr_assert_eq(tls_certificates_digest(s.certificates, 0, after), 0);
    cr_assert_arr_eq(before, after, sizeof(before));

    authority_issue(&s.authority, "a", "DNS:a.example", -HOUR, HOUR);
    cr_assert_eq(tls_certificates_reload(s.certificates), 0u);
    cr_assert_eq(tls_certificates_digest(s.certificates, 0, after), 0);
    cr_assert(memcmp(before, after, sizeof(before)) != 0);
    scene_close(&s);
}
