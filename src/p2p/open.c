/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/open.h"

#include <stdlib.h>
#include <string.h>

#include "p2p/core.h"
#include "stream/negotiate.h"

enum { NEGOTIATION_MS = 30 * 1000, TRIES = 2 };

struct open {
    struct open *next, **link;
    struct host *host;
    struct peer_id peer;
    bool named;
    struct connect_spec spec; /* for another try: without the addresses, which the host knows */
    unsigned tries;
    char *protocols[OPEN_PROTOCOLS_MAX];
    size_t n;
    /* The step at hand: one of these. */
    struct connect *connect;
    struct negotiate *negotiate;
    struct loop_task elsewhere; /* another process of this host has the connection */
    struct loop_task fail;
    struct beam_why why;
    uint64_t serial; /* of the connection */
    open_fn *done;
    void *arg;
};

static void open_free(struct open *o)
{
    connect_cancel(o->connect);
    negotiate_cancel(o->negotiate);
    loop_task_cancel(o->host->spec.loop, &o->fail);
    loop_task_cancel(o->host->spec.loop, &o->elsewhere);
    *o->link = o->next;
    if (o->next)
        o->next->link = o->link;
    for (size_t i = 0; i < o->n; i++)
        free(o->protocols[i]);
    free(o);
}

static void fail(struct open *o, const struct beam_why *given)
{
    struct beam_why why = *given;
    open_fn *done = o->done;
    void *arg = o->arg;
    open_free(o);
    done(arg, why.code, &why, NULL, NULL, NULL);
}

static void on_fail(void *arg)
{
    struct open *o = arg;
    fail(o, &o->why);
}

static void on_negotiated(void *arg, int err, const struct beam_why *why, struct stream *s,
                          const char *protocol)
{
    struct open *o = arg;
    struct host *h = o->host;
    o->negotiate = NULL;
    if (err < 0) {
        fail(o, why);
        return;
    }
    const struct conn *c = pool_by_serial(&h->pool, o->serial);
    struct host_peer peer;
    if (!c) {
        struct beam_why ended;
        stream_free(s);
        beam_why(&ended, BEAM_ERESET, "the connection ended");
        fail(o, &ended);
        return;
    }
    core_show(c, &peer);
    open_fn *done = o->done;
    void *done_arg = o->arg;
    char name[HANDLERS_NAME_MAX + 1];
    memcpy(name, protocol, strlen(protocol) + 1);
    open_free(o);
    done(done_arg, 0, NULL, s, name, &peer);
}

/* Opens the stream and asks for the protocols. */
static int ask(struct open *o, struct conn *c)
{
    struct stream *s;
    if (!core_room(o->host, true))
        return beam_why(&o->why, BEAM_ELIMIT, "too many streams are open");
    int err = conn_open(c, &s);
    if (err < 0)
        return beam_why(&o->why, err, "no stream to the peer: %s", beam_err_text(err));
    o->serial = c->serial;
    err = negotiate_ask(o->host->spec.loop, s, (const char *const *)o->protocols, o->n,
                        o->n == 1 ? NEGOTIATE_LAZY : 0, NEGOTIATION_MS, on_negotiated, o,
                        &o->negotiate);
    if (err < 0) {
        stream_reset(s);
        stream_free(s);
        return beam_why(&o->why, err, "no stream to the peer: %s", beam_err_text(err));
    }
    return 0;
}

static int reach(struct open *o);

static void on_connected(void *arg, int err, const struct beam_why *why,
                         const struct host_peer *found)
{
    struct open *o = arg;
    o->connect = NULL;
    if (err < 0) {
        fail(o, why);
        return;
    }
    struct conn *c = pool_by_serial(&o->host->pool, found->serial);
    o->peer = *found->id;
    o->named = true;
    err = ask(o, c);
    /* It ended, or is about to, and nobody has told the pool so far. */
    if (err == BEAM_ECLOSED && ++o->tries < TRIES) {
        c->leaving = true;
        err = reach(o);
    }
    if (err < 0)
        fail(o, &o->why);
}

static void on_elsewhere(void *arg)
{
    struct open *o = arg;
    const struct host_elsewhere *there = &o->host->elsewhere;
    struct host_peer peer;
    struct stream *s;
    bool found = there->find && there->find(there->arg, &o->peer, &peer);
    int err = found ? there->open(there->arg, &o->peer, o->protocols[0], &s) : BEAM_ERESET;
    if (err < 0) {
        beam_why(&o->why, err, "no stream to the peer: %s", beam_err_text(err));
        fail(o, &o->why);
        return;
    }
    open_fn *done = o->done;
    void *done_arg = o->arg;
    char name[HANDLERS_NAME_MAX + 1];
    memcpy(name, o->protocols[0], strlen(o->protocols[0]) + 1);
    open_free(o);
    done(done_arg, 0, NULL, s, name, &peer);
}

/* Of several protocols another process could not tell which it is to be. */
static bool is_elsewhere(const struct open *o)
{
    struct host_peer peer;
    return o->named && o->n == 1 && !host_connected(o->host, &o->peer) &&
           host_find(o->host, &o->peer, &peer);
}

static int reach(struct open *o)
{
    if (is_elsewhere(o)) {
        loop_post(o->host->spec.loop, &o->elsewhere);
        return 0;
    }
    if (o->named)
        o->spec.peer = &o->peer;
    int err = connect_start(o->host, &o->spec, on_connected, o, &o->connect);
    o->spec.addrs = NULL; /* were copied, and are the caller's */
    o->spec.n = 0;
    return err < 0 ? beam_why(&o->why, err, "%s", beam_err_text(err)) : 0;
}

static int open_new(struct host *h, const char *const *protocols, size_t n, open_fn *done,
                    void *arg, struct open **out)
{
    if (n == 0 || n > OPEN_PROTOCOLS_MAX)
        return BEAM_EINVAL;
    for (size_t i = 0; i < n; i++)
        if (protocols[i][0] == '\0' || strlen(protocols[i]) > HANDLERS_NAME_MAX)
            return BEAM_EINVAL;
    struct open *o = calloc(1, sizeof(*o));
    if (!o)
        return BEAM_ENOMEM;
    *o = (struct open){.host = h, .next = h->opens, .link = &h->opens, .done = done, .arg = arg};
    if (o->next)
        o->next->link = &o->next;
    h->opens = o;
    loop_task_init(&o->fail, on_fail, o);
    loop_task_init(&o->elsewhere, on_elsewhere, o);
    for (; o->n < n; o->n++) {
        o->protocols[o->n] = strdup(protocols[o->n]);
        if (!o->protocols[o->n]) {
            open_free(o);
            return BEAM_ENOMEM;
        }
    }
    *out = o;
    return 0;
}

int open_start(struct host *h, const struct connect_spec *spec, const char *const *protocols,
               size_t n, open_fn *done, void *arg, struct open **out)
{
    struct open *o;
    int err = open_new(h, protocols, n, done, arg, &o);
    if (err < 0)
        return err;
    o->spec = *spec;
    if (spec->peer) {
        o->peer = *spec->peer;
        o->named = true;
    }
    err = reach(o);
    if (err < 0) {
        open_free(o);
        return err;
    }
    *out = o;
    return 0;
}

int open_on(struct host *h, struct conn *c, const char *const *protocols, size_t n, open_fn *done,
            void *arg, struct open **out)
{
    struct open *o;
    int err = open_new(h, protocols, n, done, arg, &o);
    if (err < 0)
        return err;
    o->peer = c->spec.peer;
    if (ask(o, c) < 0)
        loop_post(h->spec.loop, &o->fail);
    *out = o;
    return 0;
}

void open_cancel(struct open *o)
{
    if (o)
        open_free(o);
}

void open_clear(struct host *h)
{
    while (h->opens)
        open_free(h->opens);
}
