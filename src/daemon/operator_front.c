/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/operator_front.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/operator_crew.h"
#include "daemon/place.h"
#include "loop/listen.h"
#include "relay/handshakes.h"
#include "stream/socket.h"

enum { HANDSHAKES_EACH = 256, HSTS_SIZE = 40, HTTPS_PORT = 443 };

static const char loopback[] = "127.0.0.1:8080"; /* relay.listen, if nobody said otherwise */

struct operator_front {
    struct operator_front_spec spec;
    struct listener *plain, *secure; /* `secure` NULL: HTTPS, if any, is at the same place */
    struct operator_certificates *certificates; /* NULL: no HTTPS */
    struct tls_context *context;
    struct loop_timer turn; /* of the context */
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

static bool passes_tls(void *arg, const char *host)
{
    const struct operator_front *f = arg;
    return front_passes_tls(f->front, host);
}

static void on_unopened(void *arg, struct stream *s, const struct addr *from, const char *host)
{
    struct operator_front *f = arg;
    front_visitor_unopened(f->front, s, from, host);
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

/* ---- TLS ------------------------------------------------------------------------------------ */

static void on_turn(void *arg)
{
    struct operator_front *f = arg;
    tls_context_turn(f->context);
    loop_timer_set(&f->turn, TLS_CONTEXT_TURN_MS);
}

static int open_tls(struct operator_front *f, struct beam_why *why)
{
    static const char *const protocols[] = {"h2", "http/1.1"};
    const struct conf *c = f->spec.conf;
    int err = operator_certificates_open(&f->spec.certificates, &f->certificates, why);
    if (err < 0)
        return err;
    const struct tls_server_spec server = {.rng = rng_system(),
                                           .clock = clock_system(),
                                           .certificates =
                                               operator_certificates_all(f->certificates),
                                           .alpn = protocols,
                                           .alpn_count = 2};
    err = tls_context_server(&server, &f->context);
    const struct handshakes_spec shakes = {
        .loop = f->spec.loop,
        .rng = rng_system(),
        .context = f->context,
        .max = operator_crew_share(c->relay_max_visitors, f->spec.workers),
        .each = HANDSHAKES_EACH,
        .each_rate = c->relay_handshakes,
        .visitor = on_visitor,
        .passes = passes_tls,
        .passed = on_unopened,
        .arg = f};
    if (err == 0)
        loop_timer_set(&f->turn, TLS_CONTEXT_TURN_MS);
    if (err == 0)
        err = handshakes_new(&shakes, &f->handshakes);
    return err < 0 ? beam_why(why, err, "relay: TLS: %s", beam_err_text(err)) : 0;
}

/* ---- its beginning -------------------------------------------------------------------------- */

static int check(const struct operator_front *f, struct beam_why *why)
{
    const struct conf *c = f->spec.conf;
    bool tls = operator_certificates_wanted(&f->spec.certificates);
    if (strcmp(c->relay_plain_http, "redirect") != 0 && strcmp(c->relay_plain_http, "serve") != 0)
        return beam_why(why, BEAM_EUSAGE, "relay.plain_http %s: must be redirect or serve",
                        c->relay_plain_http);
    if (!tls && (f->spec.tls_listen || c->relay_tls_listen[0]))
        return beam_why(why, BEAM_EUSAGE,
                        "relay.tls_listen: HTTPS needs a certificate (give relay.tls_certificate "
                        "and relay.tls_key, or --acme DOMAIN)");
    return 0;
}

static int listen_at(struct operator_front *f, const char *what, const char *text,
                     struct listener **out, struct beam_why *why)
{
    struct addr at;
    int err = place_read(what, text, &at, why);
    if (err < 0)
        return err;
    err =
        listen_shared(f->spec.loop, f->spec.permit, &at,
                      operator_crew_sharing(f->spec.index, f->spec.workers), on_connection, f, out);
    return err < 0 ? beam_why(why, err, "%s: cannot listen there: %s", text, listen_words(err)) : 0;
}

/* Where it listens is what its URLs begin with, if nothing else is said; or else ACME's domain. */
static int find_base(struct operator_front *f, struct beam_why *why)
{
    const struct conf *c = f->spec.conf;
    const struct addr *at = listen_addr(f->secure ? f->secure : f->plain);
    const char *domain = f->certificates ? operator_certificates_domain(f->certificates) : NULL;
    char url[ENDPOINT_HOST_SIZE + 16];
    snprintf(url, sizeof(url), "%s", "");
    if (!c->relay_url[0] && !c->relay_domain[0] && domain && addr_port(at) == HTTPS_PORT)
        snprintf(url, sizeof(url), "https://%s", domain);
    else if (!c->relay_url[0] && !c->relay_domain[0] && domain)
        snprintf(url, sizeof(url), "https://%s:%u", domain, (unsigned)addr_port(at));
    return endpoint_base_init(url[0] ? url : c->relay_url, c->relay_domain, at, f->context != NULL,
                              &f->base, why);
}

static int open_listeners(struct operator_front *f, struct beam_why *why)
{
    const struct operator_front_spec *s = &f->spec;
    const struct conf *c = s->conf;
    const char *plain = s->listen ? s->listen : c->relay_listen;
    const char *tls = s->tls_listen ? s->tls_listen : c->relay_tls_listen;
    if (s->is_public && strcmp(plain, loopback) == 0) {
        plain = "0.0.0.0:80";
        tls = tls[0] ? tls : "0.0.0.0:443";
    }
    int err = listen_at(f, s->listen ? "--listen" : "relay.listen", plain, &f->plain, why);
    if (err == 0 && tls[0])
        err =
            listen_at(f, s->tls_listen ? "--tls-listen" : "relay.tls_listen", tls, &f->secure, why);
    return err < 0 ? err : find_base(f, why);
}

int operator_front_open(const struct operator_front_spec *spec, struct operator_front **out,
                        struct beam_why *why)
{
    struct operator_front *f = calloc(1, sizeof(*f));
    if (!f)
        return beam_why(why, BEAM_ENOMEM, "relay: out of memory");
    f->spec = *spec;
    loop_timer_init(spec->loop, &f->turn, on_turn, f);
    int err = check(f, why);
    if (err == 0 && operator_certificates_wanted(&f->spec.certificates))
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

const struct addr *operator_front_at_tls(const struct operator_front *f)
{
    return f->secure ? listen_addr(f->secure) : NULL;
}

struct tls_tickets *operator_front_tickets(const struct operator_front *f)
{
    return f->context ? tls_context_tickets(f->context) : NULL;
}

const struct endpoint_base *operator_front_base(const struct operator_front *f)
{
    return &f->base;
}

const struct addr *operator_front_at(const struct operator_front *f)
{
    return listen_addr(f->plain);
}

static bool is_loopback(const struct listener *at)
{
    return !at || addr_scope(listen_addr(at)) == ADDR_LOOPBACK;
}

bool operator_front_is_local(const struct operator_front *f)
{
    const char *host = f->base.host;
    return is_loopback(f->plain) && is_loopback(f->secure) &&
           (!f->spec.conf->relay_url[0] ||
            endpoint_is_loopback((struct http_text){host, strlen(host)}));
}

bool operator_front_takes_tls(const struct operator_front *f)
{
    return f->context && f->base.https;
}

struct front *operator_front_visitors(const struct operator_front *f)
{
    return f->front;
}

int operator_front_serve(struct operator_front *f, struct host *host, struct lease_store *store,
                         struct operator_rules *rules, struct beam_why *why)
{
    const struct conf *c = f->spec.conf;
    unsigned n = f->spec.workers;
    const char *challenges =
        f->certificates ? operator_certificates_challenges(f->certificates) : NULL;
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
                                    .contact = rules->contact,
                                    .interstitial = f->spec.interstitial,
                                    .max_body = c->relay_max_body,
                                    .response_ms = c->relay_response_timeout,
                                    .idle_ms = c->relay_idle_timeout,
                                    .rate = c->relay_min_rate,
                                    .max_memory = operator_crew_share(c->relay_max_memory, n),
                                    .max_visitors = operator_crew_share(c->relay_max_visitors, n),
                                    .max_streams = c->relay_max_streams,
                                    .source_streams = c->relay_source_streams,
                                    .visitor_addresses = c->relay_visitor_addresses,
                                    .tls = f->context != NULL,
                                    .redirect = strcmp(c->relay_plain_http, "redirect") == 0,
                                    .challenges = challenges,
                                    .hsts = c->relay_hsts > 0 ? f->hsts : NULL};
    int err = front_new(&spec, &f->front);
    if (err < 0)
        return beam_why(why, err, "relay: %s", beam_err_text(err));
    front_on_room(f->front, on_room, f);
    if (f->spec.index > 0) {
        on_room(f, false);
        return 0;
    }
    return f->certificates ? operator_certificates_renew(f->certificates, why) : 0;
}

void operator_front_go(struct operator_front *f)
{
    on_room(f, true);
}

void operator_front_reload(struct operator_front *f)
{
    if (f)
        operator_certificates_reload(f->certificates);
}

void operator_front_free(struct operator_front *f)
{
    if (!f)
        return;
    listen_close(f->plain);
    listen_close(f->secure);
    handshakes_free(f->handshakes);
    front_free(f->front);
    loop_timer_clear(&f->turn);
    tls_context_free(f->context);
    operator_certificates_free(f->certificates);
    free(f);
}
