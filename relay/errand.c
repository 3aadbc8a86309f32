/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/errand.h"

#include "stream/socket.h"

static void on_dialled(void *arg, int err, struct stream *s)
{
    struct errand *e = arg;
    e->dial = NULL;
    e->done(e->arg, err, err < 0 ? beam_err_text(err) : "", s);
}

static void on_tor(void *arg, int err, const struct beam_why *why, struct stream *s)
{
    struct errand *e = arg;
    e->tor_dial = NULL;
    e->done(e->arg, err, err == 0 ? "" : why ? why->text : beam_err_text(err), s);
}

enum permit_origin errand_origin(const struct proof_spec *spec, bool loopback)
{
    return spec->trust_loopback && loopback ? PERMIT_TYPED : PERMIT_LEARNED;
}

int errand_start(struct errand *e, const struct where_url *url, const char *scheme,
                 struct beam_why *why)
{
    const struct proof_spec *spec = e->spec;
    enum permit_origin origin = errand_origin(spec, url->loopback);
    struct way_target to;
    int err = way_find(&url->addr, spec->permit, origin, spec->tor.dial ? WAY_BY_TOR : 0, &to, why);
    if (err < 0)
        return err;
    if (to.way == WAY_DIRECT)
        err = stream_dial(spec->loop, spec->permit, &to.at, origin, spec->timeout_ms, on_dialled, e,
                          &e->dial);
    else
        err = spec->tor.dial(spec->tor.owner, to.host, to.port, spec->timeout_ms, on_tor, e,
                             &e->tor_dial);
    if (err < 0)
        return beam_why(why, err, "%s://%s: %s", scheme, url->authority, beam_err_text(err));
    return 0;
}

void errand_cancel(struct errand *e)
{
    stream_dial_cancel(e->dial);
    if (e->tor_dial)
        e->spec->tor.cancel(e->spec->tor.owner, e->tor_dial);
    e->dial = NULL;
    e->tor_dial = NULL;
}
