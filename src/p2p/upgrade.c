/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/upgrade.h"

#include <stdlib.h>
#include <string.h>

#include "stream/negotiate.h"
#include "stream/secure.h"

static const char *const securities[] = {SECURE_PROTOCOL};
static const char *const muxers[] = {UPGRADE_MUXER};

struct upgrade {
    struct upgrade_spec spec;
    struct peer_id expect, peer;
    uint64_t deadline; /* on loop_now's clock */
    /* The step at hand; the other is NULL. */
    struct negotiate *negotiate;
    struct secure *secure;
    upgrade_fn *done;
    void *arg;
};

static uint64_t left(const struct upgrade *u)
{
    uint64_t now = loop_now(u->spec.loop);
    return now < u->deadline ? u->deadline - now : 1;
}

static bool supports_noise(void *arg, const char *protocol, size_t len)
{
    (void)arg;
    return len == strlen(SECURE_PROTOCOL) && memcmp(protocol, SECURE_PROTOCOL, len) == 0;
}

static bool supports_yamux(void *arg, const char *protocol, size_t len)
{
    (void)arg;
    return len == strlen(UPGRADE_MUXER) && memcmp(protocol, UPGRADE_MUXER, len) == 0;
}

static void finish(struct upgrade *u, int err, const struct beam_why *why, struct stream *s)
{
    upgrade_fn *done = u->done;
    void *arg = u->arg;
    struct peer_id peer = u->peer;
    free(u);
    done(arg, err, why, s, err == 0 ? &peer : NULL);
}

/* A step that could not begin leaves the stream with us. */
static void give_up(struct upgrade *u, struct stream *s, int err)
{
    struct beam_why why;
    beam_why(&why, err, "handshake: %s", beam_err_text(err));
    stream_reset(s);
    stream_free(s);
    finish(u, err, &why, NULL);
}

static void on_muxer(void *arg, int err, const struct beam_why *why, struct stream *s,
                     const char *protocol)
{
    struct upgrade *u = arg;
    (void)protocol;
    finish(u, err, why, s);
}

static void on_secured(void *arg, int err, const struct beam_why *why, struct stream *s,
                       const struct secure_result *r)
{
    struct upgrade *u = arg;
    u->secure = NULL;
    if (err < 0) {
        finish(u, err, why, NULL);
        return;
    }
    u->peer = r->peer;
    if (r->muxer) {
        finish(u, 0, NULL, s);
        return;
    }
    if (u->spec.initiator)
        err = negotiate_ask(u->spec.loop, s, muxers, 1, NEGOTIATE_LAZY, left(u), on_muxer, u,
                            &u->negotiate);
    else
        err =
            negotiate_answer(u->spec.loop, s, supports_yamux, left(u), on_muxer, u, &u->negotiate);
    if (err < 0)
        give_up(u, s, err);
}

static void on_noise(void *arg, int err, const struct beam_why *why, struct stream *s,
                     const char *protocol)
{
    struct upgrade *u = arg;
    (void)protocol;
    u->negotiate = NULL;
    if (err < 0) {
        finish(u, err, why, NULL);
        return;
    }
    const struct secure_spec spec = {.identity = u->spec.key,
                                     .expect = u->spec.expect,
                                     .initiator = u->spec.initiator,
                                     .muxers = muxers,
                                     .muxer_count = 1,
                                     .timeout_ms = left(u),
                                     .rng = u->spec.rng};
    err = secure_start(u->spec.loop, s, &spec, on_secured, u, &u->secure);
    if (err < 0)
        give_up(u, s, err);
}

static int begin(struct upgrade *u, struct stream *under)
{
    if (u->spec.initiator)
        return negotiate_ask(u->spec.loop, under, securities, 1, NEGOTIATE_LAZY, left(u), on_noise,
                             u, &u->negotiate);
    return negotiate_answer(u->spec.loop, under, supports_noise, left(u), on_noise, u,
                            &u->negotiate);
}

int upgrade_start(struct stream *under, const struct upgrade_spec *spec, upgrade_fn *done,
                  void *arg, struct upgrade **out)
{
    struct upgrade *u = calloc(1, sizeof(*u));
    int err = BEAM_ENOMEM;
    if (!u)
        goto out;
    *u = (struct upgrade){.spec = *spec, .done = done, .arg = arg};
    u->deadline = loop_now(spec->loop) + spec->timeout_ms;
    if (spec->expect) {
        u->expect = *spec->expect;
        u->spec.expect = &u->expect;
    }
    err = begin(u, under);
    if (err < 0)
        goto out;
    *out = u;
    return 0;
out:
    stream_reset(under);
    stream_free(under);
    free(u);
    return err;
}

void upgrade_cancel(struct upgrade *u)
{
    if (!u)
        return;
    negotiate_cancel(u->negotiate);
    secure_cancel(u->secure);
    free(u);
}
