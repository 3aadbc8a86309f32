/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/tls_certificates.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/file.h"
#include "base/log.h"

enum { KEY_MAX = 32 * 1024, DIGEST_SIZE = 32 };

/* What one pair of files gave. */
struct pair {
    X509 *leaf;
    STACK_OF(X509) * chain;
    EVP_PKEY *key;
};

struct row {
    char *chain, *key;
    struct pair pair; /* .leaf NULL: none yet */
};

struct tls_certificates {
    const struct clock_source *clock;
    size_t count;
    struct row rows[];
};

static void pair_clear(struct pair *p)
{
    X509_free(p->leaf);
    sk_X509_pop_free(p->chain, X509_free);
    EVP_PKEY_free(p->key);
    *p = (struct pair){.leaf = NULL};
}

/* ---- files ---------------------------------------------------------------------------------- */

/* A file that was cut off in the midst of a certificate is told from one that has ended. */
static bool ended_well(void)
{
    unsigned long e = ERR_peek_last_error();
    bool ended = ERR_GET_LIB(e) == ERR_LIB_PEM && ERR_GET_REASON(e) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    return ended;
}

static int parse_chain(BIO *in, struct pair *p)
{
    X509 *x = PEM_read_bio_X509_AUX(in, NULL, NULL, NULL);
    p->chain = sk_X509_new_null();
    if (!x || !p->chain) {
        X509_free(x);
        ERR_clear_error();
        return BEAM_EINVAL;
    }
    p->leaf = x;
    while ((x = PEM_read_bio_X509(in, NULL, NULL, NULL)))
        if (sk_X509_push(p->chain, x) <= 0) {
            X509_free(x);
            return BEAM_ENOMEM;
        }
    return ended_well() ? 0 : BEAM_EINVAL;
}

static int read_chain(const char *path, struct pair *p, struct beam_why *why)
{
    char *text;
    size_t len;
    int err = file_read(path, TLS_CHAIN_MAX, &text, &len);
    if (err < 0)
        return beam_why(why, err, "%s: the certificate cannot be read: %s", path,
                        beam_err_text(err));
    BIO *in = BIO_new_mem_buf(text, (int)len);
    err = in ? parse_chain(in, p) : BEAM_ENOMEM;
    BIO_free(in);
    free(text);
    return err < 0 ? beam_why(why, err, "%s: no certificate in PEM, or not the whole of one", path)
                   : 0;
}

/* Nobody is here who could be asked for one. */
static int no_passphrase(char *out, int size, int writing, void *arg)
{
    (void)out;
    (void)size;
    (void)writing;
    (void)arg;
    return -1;
}

static int read_key(const char *path, struct pair *p, struct beam_why *why)
{
    uint8_t *text;
    size_t len;
    int err = file_read_shared_secret(path, KEY_MAX, &text, &len);
    if (err == BEAM_EPERM)
        return beam_why(why, err, "%s: others can read or change this key (run: chmod 0600 %s)",
                        path, path);
    if (err < 0)
        return beam_why(why, err, "%s: the key cannot be read: %s", path, beam_err_text(err));
    BIO *in = BIO_new_mem_buf(text, (int)len);
    if (in)
        p->key = PEM_read_bio_PrivateKey(in, NULL, no_passphrase, NULL);
    BIO_free(in);
    sodium_free(text);
    ERR_clear_error();
    if (!p->key)
        return beam_why(why, BEAM_EINVAL,
                        "%s: no private key in PEM without a passphrase, or not the whole of one",
                        path);
    return 0;
}

static int read_pair(const struct row *r, struct pair *out, struct beam_why *why)
{
    struct pair p = {.leaf = NULL};
    int err = read_chain(r->chain, &p, why);
    if (err == 0)
        err = read_key(r->key, &p, why);
    if (err == 0 && X509_check_private_key(p.leaf, p.key) != 1) {
        ERR_clear_error();
        err = beam_why(why, BEAM_EINVAL, "%s: this key is not that of %s", r->key, r->chain);
    }
    if (err < 0)
        pair_clear(&p);
    else
        *out = p;
    return err;
}

/* ---- time ----------------------------------------------------------------------------------- */

static uint64_t time_of(const ASN1_TIME *t)
{
    struct tm tm;
    if (ASN1_TIME_to_tm(t, &tm) != 1)
        return 0;
    time_t s = timegm(&tm);
    return s > 0 ? (uint64_t)s * 1000 : 0;
}

/* 0 or BEAM_EINVAL with words. */
static int check_time(const struct tls_certificates *c, const struct row *r, const struct pair *p,
                      struct beam_why *why)
{
    uint64_t now = c->clock->wall_ms(c->clock->arg);
    char text[CLOCK_TEXT_SIZE];
    uint64_t end = time_of(X509_get0_notAfter(p->leaf)),
             begin = time_of(X509_get0_notBefore(p->leaf));
    if (now < end && now >= begin)
        return 0;
    clock_text(now >= end ? end : begin, text);
    return beam_why(why, BEAM_EINVAL, "%s: this certificate %s %s", r->chain,
                    now >= end ? "expired at" : "holds only from", text);
}

/* ---- the table ------------------------------------------------------------------------------ */

static int add_row(struct tls_certificates *c, const struct tls_certificate_files *f,
                   struct beam_why *why)
{
    struct row *r = &c->rows[c->count++];
    struct beam_why late;
    r->chain = strdup(f->chain);
    r->key = strdup(f->key);
    if (!r->chain || !r->key)
        return beam_why(why, BEAM_ENOMEM, "TLS: out of memory");
    int err = read_pair(r, &r->pair, why);
    if (err == BEAM_ENOTFOUND && f->later)
        return 0;
    if (err == 0 && check_time(c, r, &r->pair, &late) < 0)
        log_warn("tls", "%s; visitors will not trust it", late.text);
    return err;
}

int tls_certificates_new(const struct tls_certificate_files *files, size_t count,
                         const struct clock_source *clock, struct tls_certificates **out,
                         struct beam_why *why)
{
    if (count > TLS_CERTIFICATES_MAX)
        return beam_why(why, BEAM_EINVAL, "%zu certificates are too many; at most %d are taken",
                        count, TLS_CERTIFICATES_MAX);
    struct tls_certificates *c = calloc(1, sizeof(*c) + count * sizeof(c->rows[0]));
    if (!c)
        return beam_why(why, BEAM_ENOMEM, "TLS: out of memory");
    int err = 0;
    c->clock = clock;
    for (size_t i = 0; err == 0 && i < count; i++)
        err = add_row(c, &files[i], why);
    if (err < 0) {
        tls_certificates_free(c);
        return err;
    }
    *out = c;
    return 0;
}

size_t tls_certificates_reload(struct tls_certificates *c)
{
    size_t left = 0;
    for (size_t i = 0; i < c->count; i++) {
        struct row *r = &c->rows[i];
        struct pair p = {.leaf = NULL};
        struct beam_why why;
        int err = read_pair(r, &p, &why);
        if (err == 0)
            err = check_time(c, r, &p, &why);
        if (err == 0) {
            pair_clear(&r->pair);
            r->pair = p;
            continue;
        }
        pair_clear(&p);
        left++;
        log_warn("tls", "%s%s", why.text,
                 r->pair.leaf ? "; the certificate before it stays in use" : "");
    }
    return left;
}

void tls_certificates_free(struct tls_certificates *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->count; i++) {
        pair_clear(&c->rows[i].pair);
        free(c->rows[i].chain);
        free(c->rows[i].key);
    }
    free(c);
}

int tls_certificates_digest(const struct tls_certificates *c, size_t at, uint8_t out[DIGEST_SIZE])
{
    const X509 *leaf = at < c->count ? c->rows[at].pair.leaf : NULL;
    unsigned len = DIGEST_SIZE;
    if (!leaf)
        return BEAM_ENOTFOUND;
    return X509_digest(leaf, EVP_sha256(), out, &len) == 1 ? 0 : BEAM_ENOMEM;
}

static bool is_below(const GENERAL_NAME *name, const char *domain)
{
    if (name->type != GEN_DNS)
        return false;
    const char *text = (const char *)ASN1_STRING_get0_data(name->d.dNSName);
    size_t len = (size_t)ASN1_STRING_length(name->d.dNSName), n = strlen(domain);
    return len > n + 1 && text[len - n - 1] == '.' && strncasecmp(text + len - n, domain, n) == 0;
}

static bool covers(const X509 *leaf, const char *domain)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
    bool found = false;
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++)
        found = found || is_below(sk_GENERAL_NAME_value(names, i), domain);
    GENERAL_NAMES_free(names);
    ERR_clear_error();
    return found;
}

bool tls_certificates_cover(const struct tls_certificates *c, const char *domain)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->rows[i].pair.leaf && covers(c->rows[i].pair.leaf, domain))
            return true;
    return false;
}

/* The first certificate that is for this name. */
static const struct pair *find(const struct tls_certificates *c, const char *name, unsigned flags)
{
    for (size_t i = 0; name[0] && i < c->count; i++) {
        const struct pair *p = &c->rows[i].pair;
        if (p->leaf && X509_check_host(p->leaf, name, strlen(name),
                                       flags | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) == 1)
            return p;
    }
    return NULL;
}

static const struct pair *first(const struct tls_certificates *c)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->rows[i].pair.leaf)
            return &c->rows[i].pair;
    return NULL;
}

int tls_certificates_use(const struct tls_certificates *c, const char *name, SSL *ssl)
{
    const struct pair *p = find(c, name, X509_CHECK_FLAG_NO_WILDCARDS);
    if (!p)
        p = find(c, name, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (!p)
        p = first(c);
    ERR_clear_error();
    if (!p)
        return BEAM_ENOTFOUND;
    return SSL_use_cert_and_key(ssl, p->leaf, p->key, p->chain, 1) == 1 ? 0 : BEAM_ENOMEM;
}
