/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/url_stream.h"

#include <stdlib.h>

#include "stream/socket.h"
#include "stream/tls.h"

static const char *const protocols[] = {"http/1.1"};

struct url_stream {
    struct url_stream_spec spec;
    struct where_url url;
    url_stream_fn *done;
    void *arg;
    struct stream_dial *dial;
    void *tor_dial;
    struct tls_context *context; /* of an https URL */
    struct tls *tls;
};

void url_stream_cancel(struct url_stream *u)
{
    if (!u)
        return;
    stream_dial_cancel(u->dial);
    if (u->tor_dial)
        u->spec.tor.cancel(u->spec.tor.owner, u->tor_dial);
    tls_cancel(u->tls);
    tls_context_free(u->context);
    free(u);
}

static void end(struct url_stream *u, int err, const char *reason, struct stream *s)
{
    url_stream_fn *done = u->done;
    void *arg = u->arg;
    struct beam_why why = {.text = ""};
    if (err < 0)
        (void)beam_why(&why, err, "%s", reason ? reason : beam_err_text(err));
    url_stream_cancel(u);
    done(arg, err, &why, s);
}

static void on_tls(void *arg, int err, const struct beam_why *why, struct stream *s,
                   const struct tls_result *r)
{
    struct url_stream *u = arg;
    (void)r;
    u->tls = NULL;
    end(u, err, why ? why->text : NULL, s);
}

/* There is a way there. */
static void arrive(struct url_stream *u, struct stream *s)
{
    const struct tls_spec spec = {
        .name = u->url.host, .pin = u->spec.pin, .timeout_ms = u->spec.timeout_ms};
    if (!u->url.https) {
        end(u, 0, NULL, s);
        return;
    }
    int err = tls_start(u->spec.loop, s, u->context, &spec, on_tls, u, &u->tls);
    if (err == 0)
        return;
    stream_reset(s);
    stream_free(s);
    end(u, err, NULL, NULL);
}

static void on_dialled(void *arg, int err, struct stream *s)
{
    struct url_stream *u = arg;
    u->dial = NULL;
    if (err < 0)
        end(u, err, NULL, NULL);
    else
        arrive(u, s);
}

static void on_tor(void *arg, int err, const struct beam_why *why, struct stream *s)
{
    struct url_stream *u = arg;
    u->tor_dial = NULL;
    if (err < 0)
        end(u, err, why ? why->text : NULL, NULL);
    else
        arrive(u, s);
}

static int dial(struct url_stream *u, struct beam_why *why)
{
    const struct url_stream_spec *spec = &u->spec;
    struct way_target to;
    int err = way_find(&u->url.addr, spec->permit, spec->origin, spec->tor.dial ? WAY_BY_TOR : 0,
                       &to, why);
    if (err < 0)
        return err;
    uint64_t ms = way_patience(to.way, spec->timeout_ms);
    if (to.way == WAY_DIRECT)
        err = stream_dial(spec->loop, spec->permit, &to.at, spec->origin, ms, on_dialled, u,
                          &u->dial);
    else
        err = spec->tor.dial(spec->tor.owner, to.host, to.port, ms, on_tor, u, &u->tor_dial);
    return err < 0 ? beam_why(why, err, "%s", beam_err_text(err)) : 0;
}

int url_stream_open(const struct url_stream_spec *spec, const struct where_url *url,
                    url_stream_fn *done, void *arg, struct url_stream **out, struct beam_why *why)
{
    const struct tls_client_spec tls = {
        .ca_file = spec->ca_file, .alpn = protocols, .alpn_count = spec->pin ? 0 : 1};
    struct url_stream *u = calloc(1, sizeof(*u));
    if (!u)
        return beam_why(why, BEAM_ENOMEM, "out of memory");
    u->spec = *spec;
    u->url = *url;
    u->done = done;
    u->arg = arg;
    int err = url->https ? tls_context_client(&tls, &u->context, why) : 0;
    if (err == 0)
        err = dial(u, why);
    if (err < 0)
        url_stream_cancel(u);
    else
        *out = u;
    return err;
}
