/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/operator_certificates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/log.h"
#include "relay/acme.h"
#include "relay/endpoint.h"

struct operator_certificates {
    struct operator_certificates_spec spec;
    struct tls_certificates *all;
    struct acme *acme;
    char *dir, *domains, *email, *first, *challenges; /* of ACME; NULL: it is not asked */
    char *server, *hook, *program;
};

static const char *domains_of(const struct operator_certificates_spec *s)
{
    return s->acme ? s->acme : s->conf->relay_acme;
}

bool operator_certificates_wanted(const struct operator_certificates_spec *spec)
{
    return domains_of(spec)[0] || spec->conf->relay_tls_certificate[0];
}

/* ---- the files ------------------------------------------------------------------------------ */

static size_t count_entries(const char *list)
{
    size_t n = list[0] != '\0';
    for (; *list; list++)
        n += *list == '\n';
    return n;
}

/* The entries of a list; each is the caller's. */
static int split(const char *list, size_t count, char **out)
{
    for (size_t i = 0; i < count; i++) {
        size_t len = strcspn(list, "\n");
        out[i] = strndup(list, len);
        if (!out[i])
            return BEAM_ENOMEM;
        list += len + 1;
    }
    return 0;
}

/* `names` has room for the pairs of the configuration, and one of ACME's. */
static int read_pairs(struct operator_certificates *c, size_t count, char **names,
                      struct beam_why *why)
{
    const struct conf *conf = c->spec.conf;
    char **keys = names + count + 1;
    struct tls_certificate_files *files = calloc(count + 1, sizeof(*files));
    int err = files ? split(conf->relay_tls_certificate, count, names) : BEAM_ENOMEM;
    if (err == 0)
        err = split(conf->relay_tls_key, count, keys);
    if (err < 0)
        beam_why(why, err, "relay: out of memory");
    if (err == 0 && c->domains)
        err = acme_files(c->dir, c->domains, &names[count], &keys[count], why);
    for (size_t i = 0; err == 0 && i < count + (c->domains != NULL); i++)
        files[i] =
            (struct tls_certificate_files){.chain = names[i], .key = keys[i], .later = i == count};
    if (err == 0)
        err =
            tls_certificates_new(files, count + (c->domains != NULL), clock_system(), &c->all, why);
    free(files);
    return err;
}

static int read_all(struct operator_certificates *c, struct beam_why *why)
{
    const struct conf *conf = c->spec.conf;
    size_t count = count_entries(conf->relay_tls_certificate);
    if (count_entries(conf->relay_tls_key) != count)
        return beam_why(why, BEAM_EUSAGE,
                        "relay.tls_certificate, relay.tls_key: each certificate needs one key, in "
                        "the same order");
    char **names = calloc(2 * (count + 1), sizeof(*names));
    if (!names)
        return beam_why(why, BEAM_ENOMEM, "relay: out of memory");
    int err = read_pairs(c, count, names, why);
    for (size_t i = 0; i < 2 * (count + 1); i++)
        free(names[i]);
    free(names);
    return err;
}

/* Whether a list has a name that is below a domain. */
static bool has_below(const char *domains, const char *domain)
{
    size_t n = strlen(domain);
    while (*domains) {
        size_t len = strcspn(domains, "\n");
        if (len > n + 1 && domains[len - n - 1] == '.' &&
            strncasecmp(domains + len - n, domain, n) == 0)
            return true;
        domains += len + (domains[len] == '\n');
    }
    return false;
}

/* None is to be for hosts whose TLS the relay passes on: browsers would bring it their requests
 * over connections that it opened for hosts of its own (RFC 9113, 9.1.1). */
static int check_sealed(const struct operator_certificates *c, struct beam_why *why)
{
    char domain[ENDPOINT_HOST_SIZE + sizeof(RESERVATION_TLS_LABEL)];
    const char *of = c->spec.conf->relay_domain;
    snprintf(domain, sizeof(domain), RESERVATION_TLS_LABEL ".%s", of);
    if (!of[0] ||
        (!tls_certificates_cover(c->all, domain) && !has_below(domains_of(&c->spec), domain)))
        return 0;
    return beam_why(why, BEAM_EUSAGE,
                    "relay.tls_certificate, relay.acme: a certificate is for names below %s, where "
                    "TLS passthrough has its hosts: give one without them, for their owners "
                    "alone are to have any",
                    domain);
}

/* ---- ACME ----------------------------------------------------------------------------------- */

static void on_issued(void *arg)
{
    struct operator_certificates *c = arg;
    (void)tls_certificates_reload(c->all);
    log_info("relay", "a certificate came from the ACME server");
    c->spec.issued(c->spec.arg);
}

static void on_failed(void *arg, const struct beam_why *why, uint64_t retry_ms)
{
    struct operator_certificates *c = arg;
    (void)retry_ms;
    log_warn("relay", "%s", why->text);
    c->spec.warning(c->spec.arg, why);
}

static int check_email(const char *email, struct beam_why *why)
{
    if (!email[0] || (email[0] != '-' && strchr(email, '@') && !strpbrk(email, " \t,")))
        return 0;
    return beam_why(why, BEAM_EUSAGE, "relay.acme_email %s: not an e-mail address", email);
}

/* An authority that everybody believes would be asked in vain, and keeps count of it. */
static int check_domains(const char *domains, const char *server, struct beam_why *why)
{
    while (*domains && !server[0]) {
        size_t len = strcspn(domains, "\n");
        if (acme_reserved(domains, len))
            return beam_why(why, BEAM_EUSAGE,
                            "relay.acme %.*s: a name that is reserved, for which no public "
                            "authority gives a certificate (give a domain of yours, or "
                            "relay.acme_server for an authority of your own)",
                            (int)(len < 120 ? len : 120), domains);
        domains += len + (domains[len] == '\n');
    }
    return 0;
}

static int prepare_acme(struct operator_certificates *c, struct beam_why *why)
{
    const struct conf *conf = c->spec.conf;
    const char *domains = domains_of(&c->spec),
               *email = c->spec.email ? c->spec.email : conf->relay_acme_email;
    const char *first = strncmp(domains, "*.", 2) == 0 ? domains + 2 : domains;
    int err = check_email(email, why);
    if (err == 0)
        err = check_domains(domains, conf->relay_acme_server, why);
    if (err < 0 || !domains[0])
        return err;
    c->dir = file_join(c->spec.dir, "acme");
    c->domains = strdup(domains);
    c->first = strndup(first, strcspn(first, "\n"));
    c->email = strdup(email);
    c->server = strdup(conf->relay_acme_server);
    c->hook = strdup(conf->relay_acme_hook);
    c->program = strdup(conf->relay_acme_program);
    c->challenges = c->dir ? acme_challenges(c->dir) : NULL;
    if (!c->domains || !c->first || !c->email || !c->server || !c->hook || !c->program ||
        !c->challenges)
        return beam_why(why, BEAM_ENOMEM, "relay: out of memory");
    return 0;
}

int operator_certificates_renew(struct operator_certificates *c, struct beam_why *why)
{
    if (!c->domains)
        return 0;
    const struct acme_spec spec = {.loop = c->spec.loop,
                                   .program = c->program,
                                   .dir = c->dir,
                                   .server = c->server,
                                   .email = c->email,
                                   .domains = c->domains,
                                   .hook = c->hook};
    const struct acme_events events = {.issued = on_issued, .failed = on_failed, .arg = c};
    return acme_start(&spec, &events, &c->acme, why);
}

/* ---- all of them ---------------------------------------------------------------------------- */

int operator_certificates_open(const struct operator_certificates_spec *spec,
                               struct operator_certificates **out, struct beam_why *why)
{
    struct operator_certificates *c = calloc(1, sizeof(*c));
    if (!c)
        return beam_why(why, BEAM_ENOMEM, "relay: out of memory");
    c->spec = *spec;
    int err = prepare_acme(c, why);
    if (err == 0)
        err = read_all(c, why);
    if (err == 0)
        err = check_sealed(c, why);
    c->spec.conf = NULL;
    if (err < 0) {
        operator_certificates_free(c);
        return err;
    }
    *out = c;
    return 0;
}

const struct tls_certificates *operator_certificates_all(const struct operator_certificates *c)
{
    return c->all;
}

const char *operator_certificates_domain(const struct operator_certificates *c)
{
    return c->first;
}

const char *operator_certificates_challenges(const struct operator_certificates *c)
{
    return c->challenges;
}

void operator_certificates_reload(struct operator_certificates *c)
{
    if (!c)
        return;
    size_t left = tls_certificates_reload(c->all);
    log_info("relay", "certificates were read again; %zu could not be taken", left);
}

void operator_certificates_free(struct operator_certificates *c)
{
    if (!c)
        return;
    acme_free(c->acme);
    tls_certificates_free(c->all);
    char *texts[] = {c->dir,        c->domains, c->email, c->first,
                     c->challenges, c->server,  c->hook,  c->program};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        free(texts[i]);
    free(c);
}
