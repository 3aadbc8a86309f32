/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/operator_front.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/place.h"
#include "loop/listen.h"
#include "relay/handshakes.h"
#include "stream/socket.h"

enum { HANDSHAKES_EACH = 256, HSTS_SIZE = 40 };

struct operator_front {
    struct operator_front_spec spec;
    struct listener *plain, *secure;       /* `secure` NULL: HTTPS, if any, is at the same place */
    struct tls_certificates *certificates; /* NULL: no HTTPS */
    struct tls_context *context;
    struct handshakes *handshakes;
    struct endpoint_base base;
    struct front *front;
    char hsts[HSTS_SIZE];
};

/* ---- visitors ------------------------------------------------------------------------------- */

static void on_visitor(void *arg, struct stream *s, const struct addr *from,
                       const struct tls_result *tls)
{
    struct operator_front *f = arg;
    if (tls && strcmp(tls->alpn, "h2") == 0)
        front_visitor_h2(f->front, s, from, true);
    else
        front_visitor(f->front, s, from, tls != NULL);
}

static void on_connection(void *arg, int fd)
{
    struct operator_front *f = arg;
    struct addr from;
    struct stream *s;
    bool known = listen_from(fd, &from) == 0;
    if (stream_socket(f->spec.loop, fd, &s) < 0)
        return;
    if (f->handshakes)
        handshakes_begin(f->handshakes, s, known ? &from : NULL);
    else
        front_visitor(f->front, s, known ? &from : NULL, false);
}

static void on_room(void *arg, bool room)
{
    struct operator_front *f = arg;
    struct listener *places[] = {f->plain, f->secure};
    for (size_t i = 0; i < 2; i++) {
        if (!places[i])
            continue;
        if (room)
            listen_resume(places[i]);
        else
            listen_pause(places[i]);
    }
}

/* ---- certificates --------------------------------------------------------------------------- */

static size_t count_entries(const char *list)
{
    size_t n = list[0] != '\0';
    for (; *list; list++)
        n += *list == '\n';
    return n;
}

/* The entries of a list; each is the caller's. Returns how many. */
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

static int read_pairs(struct operator_front *f, size_t count, char **texts, struct beam_why *why)
{
    const struct conf *c = f->spec.conf;
    struct tls_certificate_files *files = calloc(count, sizeof(*files));
    int err = files ? split(c->relay_tls_certificate, count, texts) : BEAM_ENOMEM;
    if (err == 0)
        err = split(c->relay_tls_key, count, texts + count);
    for (size_t i = 0; err == 0 && i < count; i++)
        files[i] = (struct tls_certificate_files){.chain = texts[i], .key = texts[count + i]};
    if (err < 0)
        beam_why(why, err, "relay: out of memory");
    else
        err = tls_certificates_new(files, count, clock_system(), &f->certificates, why);
    free(files);
    return err;
}

static int read_certificates(struct operator_front *f, struct beam_why *why)
{
    const struct conf *c = f->spec.conf;
    size_t count = count_entries(c->relay_tls_certificate);
    if (count_entries(c->relay_tls_key) != count)
        return beam_why(
            why, BEAM_EUSAGE,
            "relay.tls_key: each relay.tls_certificate needs one key, in the same order");
    char **texts = calloc(2 * count, sizeof(*texts));
    if (!texts)
        return beam_why(why, BEAM_ENOMEM, "relay: out of memory");
    int err = read_pairs(f, count, texts, why);
    for (size_t i = 0; i < 2 * count; i++)
        free(texts[i]);
    free(texts);
    return err;
}

static int open_tls(struct operator_front *f, struct beam_why *why)
{
    static const char *const protocols[] = {"h2", "http/1.1"};
    const struct conf *c = f->spec.conf;
    int err = read_certificates(f, why);
    if (err < 0)
        return err;
    const struct tls_server_spec server = {.rng = rng_system(),
                                           .clock = clock_system(),
                                           .certificates = f->certificates,
                                           .alpn = protocols,
                                           .alpn_count = 2};
    err = tls_context_server(&server, &f->context);
    const struct handshakes_spec shakes = {.loop = f->spec.loop,
                                           .rng = rng_system(),
                                           .context = f->context,
                                           .max = c->relay_max_visitors,
                                           .each = HANDSHAKES_EACH,
                                           .each_rate = c->relay_handshakes,
                                           .visitor = on_visitor,
                                           .arg = f};
    if (err == 0)
        err = handshakes_new(&shakes, &f->handshakes);
    return err < 0 ? beam_why(why, err, "relay: TLS: %s", beam_err_text(err)) : 0;
}

/* ---- its beginning -------------------------------------------------------------------------- */

static int check(const struct operator_front *f, struct beam_why *why)
{
    const struct conf *c = f->spec.conf;
    bool tls = c->relay_tls_certificate[0];
    if (strcmp(c->relay_plain_http, "redirect") != 0 && strcmp(c->relay_plain_http, "serve") != 0)
        return beam_why(why, BEAM_EUSAGE, "relay.plain_http %s: must be redirect or serve",
                        c->relay_plain_http);
    if (!tls && (f->spec.tls_listen || c->relay_tls_listen[0]))
        return beam_why(why, BEAM_EUSAGE,
                        "relay.tls_listen: HTTPS needs a certificate (give relay.tls_certificate "
                        "and relay.tls_key)");
    return 0;
}

static int listen_at(struct operator_front *f, const char *option, const char *typed,
                     const char *key, const char *conf, struct listener **out, struct beam_why *why)
{
    const char *text = typed ? typed : conf;
    struct addr at;
    int err = place_read(typed ? option : key, text, &at, why);
    if (err < 0)
        return err;
    err = listen_beyond(f->spec.loop, f->spec.permit, &at, on_connection, f, out);
    return err < 0 ? beam_why(why, err, "%s: cannot listen there: %s", text, beam_err_text(err))
                   : 0;
}

/* Where it listens is what its URLs begin with, if nothing else is said. */
static int open_listeners(struct operator_front *f, struct beam_why *why)
{
    const struct operator_front_spec *s = &f->spec;
    const struct conf *c = s->conf;
    int err = listen_at(f, "--listen", s->listen, "relay.listen", c->relay_listen, &f->plain, why);
    if (err == 0 && (s->tls_listen || c->relay_tls_listen[0]))
        err = listen_at(f, "--tls-listen", s->tls_listen, "relay.tls_listen", c->relay_tls_listen,
                        &f->secure, why);
    if (err < 0)
        return err;
    return endpoint_base_init(c->relay_url, c->relay_domain,
                              listen_addr(f->secure ? f->secure : f->plain), f->context != NULL,
                              &f->base, why);
}

int operator_front_open(const struct operator_front_spec *spec, struct operator_front **out,
                        struct beam_why *why)
{
    struct operator_front *f = calloc(1, sizeof(*f));
    if (!f)
        return beam_why(why, BEAM_ENOMEM, "relay: out of memory");
    f->spec = *spec;
    int err = check(f, why);
    if (err == 0 && spec->conf->relay_tls_certificate[0])
        err = open_tls(f, why);
    if (err == 0)
        err = open_listeners(f, why);
    if (err < 0) {
        operator_front_free(f);
        return err;
    }
    snprintf(f->hsts, sizeof(f->hsts), "max-age=%llu",
             (unsigned long long)(spec->conf->relay_hsts / 1000));
    *out = f;
    return 0;
}

const struct endpoint_base *operator_front_base(const struct operator_front *f)
{
    return &f->base;
}

static bool is_loopback(const struct listener *at)
{
    return !at || addr_scope(listen_addr(at)) == ADDR_LOOPBACK;
}

bool operator_front_is_local(const struct operator_front *f)
{
    const char *host = f->base.host;
    return is_loopback(f->plain) && is_loopback(f->secure) &&
           (!f->spec.conf->relay_url[0] || strncmp(host, "127.", strlen("127.")) == 0 ||
            strncmp(host, "[::1]", strlen("[::1]")) == 0);
}

struct front *operator_front_visitors(const struct operator_front *f)
{
    return f->front;
}

int operator_front_serve(struct operator_front *f, struct host *host,
                         const struct lease_store *store, struct operator_rules *rules)
{
    const struct conf *c = f->spec.conf;
    const struct front_spec spec = {.loop = f->spec.loop,
                                    .rng = rng_system(),
                                    .clock = clock_system(),
                                    .host = host,
                                    .store = store,
                                    .base = &f->base,
                                    .terms = &rules->terms,
                                    .guard = rules->guard,
                                    .traffic = rules->traffic,
                                    .counts = &rules->counts,
                                    .notice = rules->notice,
                                    .max_body = c->relay_max_body,
                                    .response_ms = c->relay_response_timeout,
                                    .idle_ms = c->relay_idle_timeout,
                                    .max_visitors = c->relay_max_visitors,
                                    .max_streams = c->relay_max_streams,
                                    .visitor_addresses = c->relay_visitor_addresses,
                                    .tls = f->context != NULL,
                                    .redirect = strcmp(c->relay_plain_http, "redirect") == 0,
                                    .hsts = c->relay_hsts > 0 ? f->hsts : NULL};
    int err = front_new(&spec, &f->front);
    if (err == 0)
        front_on_room(f->front, on_room, f);
    return err;
}

void operator_front_reload(struct operator_front *f)
{
    if (!f || !f->certificates)
        return;
    size_t left = tls_certificates_reload(f->certificates);
    log_info("relay", "certificates were read again; %zu could not be taken", left);
}

void operator_front_free(struct operator_front *f)
{
    if (!f)
        return;
    listen_close(f->plain);
    listen_close(f->secure);
    handshakes_free(f->handshakes);
    front_free(f->front);
    tls_context_free(f->context);
    tls_certificates_free(f->certificates);
    free(f);
}
