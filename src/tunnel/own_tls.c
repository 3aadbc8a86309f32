/* SPDX-License-Identifier: BSD-3-Clause */
#include "tunnel/own_tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tunnel/reach.h"

struct own_tls {
    struct own_tls_spec spec;
    struct tls_certificates *certificates;
    struct tls_context *context; /* of a server; or of a client that looks at the target */
    struct loop_timer turn;      /* of a server's */
    struct seal_source source;
};

/* Somebody asks which certificate is shown. */
struct asked {
    struct own_tls *own;
    char host[TLS_NAME_SIZE];
    struct loop_task now;
    struct reach *reach;
    struct tls *tls;
    seal_digest_fn *done;
    void *arg;
};

static void forget(struct asked *a)
{
    loop_task_cancel(a->own->spec.loop, &a->now);
    reach_cancel(a->reach);
    tls_cancel(a->tls);
    free(a);
}

static void answer(struct asked *a, int err, const struct beam_why *why, const uint8_t *digest)
{
    seal_digest_fn *done = a->done;
    void *arg = a->arg;
    forget(a);
    done(arg, err, err < 0 ? why : NULL, err < 0 ? NULL : digest);
}

/* ---- the target's --------------------------------------------------------------------------- */

static void on_tls(void *arg, int err, const struct beam_why *why, struct stream *s,
                   const struct tls_result *r)
{
    struct asked *a = arg;
    uint8_t digest[TLS_DIGEST_SIZE] = {0};
    struct beam_why words = {.text = ""};
    a->tls = NULL;
    if (err == 0)
        memcpy(digest, r->digest, sizeof(digest));
    else
        beam_why(&words, err,
                 "%s opens no TLS: %s (publish what does, or have it opened here: "
                 "--tls-certificate, --tls-key)",
                 a->own->spec.target->text, why->text);
    stream_free(s);
    answer(a, err, &words, digest);
}

static void on_reached(void *arg, int err, struct stream *s)
{
    struct asked *a = arg;
    const struct tls_spec spec = {
        .name = a->host, .anybody = true, .timeout_ms = a->own->spec.connect_timeout};
    struct beam_why why;
    a->reach = NULL;
    if (err == 0) {
        err = tls_start(a->own->spec.loop, s, a->own->context, &spec, on_tls, a, &a->tls);
        if (err == 0)
            return;
        stream_free(s);
    }
    beam_why(&why, err, "nothing answers at %s: %s", a->own->spec.target->text, beam_err_text(err));
    answer(a, err, &why, NULL);
}

/* ---- that of the files ---------------------------------------------------------------------- */

static void on_now(void *arg)
{
    struct asked *a = arg;
    struct beam_why why;
    uint8_t digest[TLS_DIGEST_SIZE];
    (void)tls_certificates_reload(a->own->certificates);
    int err = tls_certificates_digest(a->own->certificates, 0, digest);
    if (err < 0)
        beam_why(&why, err, "the certificate: %s", beam_err_text(err));
    answer(a, err, &why, digest);
}

/* ---- whoever asks --------------------------------------------------------------------------- */

static int ask(void *source, const char *host, seal_digest_fn *done, void *arg, void **out)
{
    struct own_tls *o = source;
    const struct own_tls_spec *spec = &o->spec;
    struct asked *a = calloc(1, sizeof(*a));
    int err = 0;
    if (!a)
        return BEAM_ENOMEM;
    a->own = o;
    a->done = done;
    a->arg = arg;
    snprintf(a->host, sizeof(a->host), "%s", host);
    loop_task_init(&a->now, on_now, a);
    if (o->certificates)
        loop_post(spec->loop, &a->now);
    else
        err = reach_start(spec->loop, spec->permit, spec->target, spec->connect_timeout, on_reached,
                          a, &a->reach);
    if (err < 0)
        free(a);
    else
        *out = a;
    return err;
}

static void cancel(void *source, void *asked)
{
    (void)source;
    forget(asked);
}

/* ---- its beginning -------------------------------------------------------------------------- */

static void on_turn(void *arg)
{
    struct own_tls *o = arg;
    tls_context_turn(o->context);
    loop_timer_set(&o->turn, TLS_CONTEXT_TURN_MS);
}

static int open_server(struct own_tls *o, struct beam_why *why)
{
    static const char *const protocols[] = {"http/1.1"};
    const struct own_tls_spec *spec = &o->spec;
    const struct tls_certificate_files files = {.chain = spec->certificate, .key = spec->key};
    int err = tls_certificates_new(&files, 1, spec->clock, &o->certificates, why);
    if (err < 0)
        return err;
    const struct tls_server_spec server = {.rng = spec->rng,
                                           .clock = spec->clock,
                                           .certificates = o->certificates,
                                           .alpn = protocols,
                                           .alpn_count = spec->http};
    err = tls_context_server(&server, &o->context);
    if (err == 0)
        loop_timer_set(&o->turn, TLS_CONTEXT_TURN_MS);
    return err < 0 ? beam_why(why, err, "TLS: %s", beam_err_text(err)) : 0;
}

int own_tls_new(const struct own_tls_spec *spec, struct own_tls **out, struct beam_why *why)
{
    const struct tls_client_spec client = {.alpn_count = 0};
    struct own_tls *o = calloc(1, sizeof(*o));
    if (!o)
        return beam_why(why, BEAM_ENOMEM, "TLS: out of memory");
    o->spec = *spec;
    loop_timer_init(spec->loop, &o->turn, on_turn, o);
    o->source = (struct seal_source){.ask = ask, .cancel = cancel, .source = o};
    int err =
        spec->certificate ? open_server(o, why) : tls_context_client(&client, &o->context, why);
    o->spec.certificate = o->spec.key = NULL;
    if (err < 0)
        own_tls_free(o);
    else
        *out = o;
    return err;
}

const struct tls_context *own_tls_context(const struct own_tls *o)
{
    return o->certificates ? o->context : NULL;
}

const struct seal_source *own_tls_source(const struct own_tls *o)
{
    return &o->source;
}

void own_tls_free(struct own_tls *o)
{
    if (!o)
        return;
    loop_timer_clear(&o->turn);
    tls_context_free(o->context);
    tls_certificates_free(o->certificates);
    free(o);
}
