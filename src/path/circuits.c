/* SPDX-License-Identifier: BSD-3-Clause */
#include "path/circuits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stream/socks.h"

struct dial {
    struct circuits *way;
    char host[WAY_HOST_MAX + 1];
    uint16_t port;
    uint64_t deadline; /* on loop_now's clock */
    way_tor_fn *done;
    void *arg;
    struct audience_member listener;
    struct loop_timer timer;
    struct loop_task ready;
    struct socks_dial *socks;
    char user[ISOLATION_TEXT_SIZE], password[ISOLATION_TEXT_SIZE];
};

static void dissolve(struct dial *d)
{
    audience_remove(&d->listener);
    loop_timer_clear(&d->timer);
    loop_task_cancel(d->way->loop, &d->ready);
    if (d->socks)
        stream_socks_cancel(d->socks);
    free(d);
}

static void end(struct dial *d, int err, const char *reason, struct stream *s)
{
    struct beam_why why;
    way_tor_fn *done = d->done;
    void *arg = d->arg;
    if (err < 0)
        beam_why(&why, err, "%s:%u through Tor: %s", d->host, (unsigned)d->port, reason);
    d->socks = NULL;
    dissolve(d);
    done(arg, err, err < 0 ? &why : NULL, s);
}

static void on_socks(void *arg, int err, uint8_t reply, struct stream *s)
{
    end(arg, err, reply ? socks_reply_text(reply) : beam_err_text(err), s);
}

static void dial_now(struct dial *d)
{
    uint64_t now = loop_now(d->way->loop);
    const struct socks_target target = {
        .host = d->host, .port = d->port, .user = d->user, .password = d->password};
    audience_remove(&d->listener);
    loop_timer_clear(&d->timer);
    int err = stream_socks(d->way->loop, d->way->permit, tor_socks(d->way->tor), &target,
                           d->deadline > now ? d->deadline - now : 1, on_socks, d, &d->socks);
    if (err < 0)
        end(d, err, beam_err_text(err), NULL);
}

static void on_ready(void *arg)
{
    dial_now(arg);
}

static void on_tor(void *arg, enum tor_state state, const struct beam_why *why)
{
    struct dial *d = arg;
    if (state == TOR_READY)
        loop_post(d->way->loop, &d->ready);
    else if (state == TOR_FAILED)
        end(d, BEAM_EUNREACH, why ? why->text : "tor cannot be started", NULL);
}

static void on_deadline(void *arg)
{
    end(arg, BEAM_ETIMEOUT, "tor is not ready yet", NULL);
}

static int dial(void *owner, const char *host, uint16_t port, uint64_t timeout_ms, way_tor_fn *done,
                void *arg, void **out)
{
    struct circuits *w = owner;
    char destination[WAY_HOST_MAX + 16];
    int err = permit_check_tor(w->permit, NULL);
    if (err < 0)
        return err;
    if (strlen(host) > WAY_HOST_MAX)
        return BEAM_EINVAL;
    struct dial *d = calloc(1, sizeof(*d));
    if (!d)
        return BEAM_ENOMEM;
    d->way = w;
    snprintf(d->host, sizeof(d->host), "%s", host);
    d->port = port;
    d->deadline = loop_now(w->loop) + timeout_ms;
    d->done = done;
    d->arg = arg;
    d->listener = (struct audience_member){.state = on_tor, .arg = d};
    loop_timer_init(w->loop, &d->timer, on_deadline, d);
    loop_task_init(&d->ready, on_ready, d);
    snprintf(destination, sizeof(destination), "%s:%u", host, (unsigned)port);
    isolation_for(w->isolation, w->persona, destination, d->user, d->password);
    if (tor_state(w->tor) == TOR_READY) {
        loop_post(w->loop, &d->ready);
    } else {
        loop_timer_set(&d->timer, timeout_ms);
        tor_listen(w->tor, &d->listener);
        tor_start(w->tor);
    }
    *out = d;
    return 0;
}

static void cancel(void *owner, void *handle)
{
    (void)owner;
    dissolve(handle);
}

static bool ready(void *owner)
{
    const struct circuits *w = owner;
    return tor_state(w->tor) == TOR_READY;
}

struct way_tor circuits_way(struct circuits *w)
{
    return (struct way_tor){.dial = dial, .cancel = cancel, .ready = ready, .owner = w};
}
