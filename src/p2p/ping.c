/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/ping.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "p2p/core.h"
#include "p2p/open.h"

enum {
    PONG_IDLE_MS = 120 * 1000,
    PONGS_PER_CONNECTION = 2, /* the specification asks for one, and tolerates a second */
    ECHO_MAX = 4 * 1024       /* bytes that may wait to go back */
};

static const char *const protocols[] = {PING_PROTOCOL};

static uint64_t now_us(void)
{
    struct timespec t = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

/* ---- asking --------------------------------------------------------------------------------- */

struct ping {
    struct ping *next, **link;
    struct host *host;
    struct open *open; /* until there is a stream */
    struct stream *stream;
    uint64_t serial;
    uint8_t sent[PING_SIZE];
    uint64_t since; /* microseconds; 0: nothing is under way */
    struct buf in, out;
    struct loop_timer deadline;
    struct loop_task go;
    ping_fn *done;
    void *arg;
};

static void ping_free(struct ping *p)
{
    loop_timer_clear(&p->deadline);
    loop_task_cancel(p->host->spec.loop, &p->go);
    open_cancel(p->open);
    stream_free(p->stream);
    buf_clear(&p->in);
    buf_clear(&p->out);
    *p->link = p->next;
    if (p->next)
        p->next->link = p->link;
    free(p);
}

static void fail(struct ping *p, int err, const struct beam_why *given)
{
    struct beam_why why;
    ping_fn *done = p->done;
    void *arg = p->arg;
    if (given)
        why = *given;
    else
        beam_why(&why, err, "ping: %s",
                 err == BEAM_ENOTFOUND  ? "the peer does not answer pings"
                 : err == BEAM_ETIMEOUT ? "no answer in time"
                 : err == BEAM_ECLOSED  ? "the peer closed the stream"
                                        : beam_err_text(err));
    if (p->stream)
        stream_reset(p->stream);
    ping_free(p);
    done(arg, err, &why, 0, NULL);
}

/* The 32 bytes are here: are they those that were sent? */
static void answered(struct ping *p)
{
    uint8_t got[PING_SIZE];
    uint64_t us = now_us() - p->since;
    struct conn *c = pool_by_serial(&p->host->pool, p->serial);
    struct host_peer peer;
    (void)buf_peek(&p->in, 0, got, sizeof(got));
    buf_clear(&p->in);
    if (!c || memcmp(got, p->sent, sizeof(got)) != 0) {
        fail(p, c ? BEAM_EPROTO : BEAM_ERESET, NULL);
        return;
    }
    p->since = 0;
    loop_timer_clear(&p->deadline);
    c->rtt_us = us;
    core_show(c, &peer);
    p->done(p->arg, 0, NULL, us, &peer);
}

static void on_go(void *arg)
{
    struct ping *p = arg;
    ssize_t n = stream_write(p->stream, &p->out);
    if (n < 0 && n != BEAM_EAGAIN) {
        fail(p, (int)n, NULL);
        return;
    }
    do {
        n = stream_read(p->stream, &p->in, PING_SIZE - buf_len(&p->in));
    } while (n > 0 && buf_len(&p->in) < PING_SIZE);
    if (n > 0 && p->since != 0)
        answered(p);
    else if (n > 0)
        fail(p, BEAM_EPROTO, NULL); /* more than was asked for */
    else if (n < 0 && n != BEAM_EAGAIN)
        fail(p, (int)n, NULL);
}

static void on_ready(void *arg, struct stream *s, unsigned ready)
{
    (void)s;
    (void)ready;
    on_go(arg);
}

static void on_deadline(void *arg)
{
    fail(arg, BEAM_ETIMEOUT, NULL);
}

void ping_again(struct ping *p)
{
    p->host->spec.rng->fill(p->host->spec.rng->arg, p->sent, sizeof(p->sent));
    p->since = now_us();
    loop_timer_set(&p->deadline, PING_TIMEOUT_MS);
    if (buf_add(&p->out, p->sent, sizeof(p->sent)) < 0)
        loop_timer_set(&p->deadline, 0);
    else
        loop_post(p->host->spec.loop, &p->go);
}

static void on_open(void *arg, int err, const struct beam_why *why, struct stream *s,
                    const char *protocol, const struct host_peer *peer)
{
    struct ping *p = arg;
    (void)protocol;
    p->open = NULL;
    if (err < 0) {
        fail(p, err, why);
        return;
    }
    p->stream = s;
    p->serial = peer->serial;
    stream_own(s, on_ready, p);
    ping_again(p);
}

int ping_start(struct host *h, const struct connect_spec *spec, ping_fn *done, void *arg,
               struct ping **out)
{
    struct ping *p = calloc(1, sizeof(*p));
    if (!p)
        return BEAM_ENOMEM;
    *p = (struct ping){.host = h, .next = h->pings, .link = &h->pings, .done = done, .arg = arg};
    if (p->next)
        p->next->link = &p->next;
    h->pings = p;
    buf_init(&p->in, loop_pool(h->spec.loop), PING_SIZE);
    buf_init(&p->out, loop_pool(h->spec.loop), PING_SIZE);
    loop_timer_init(h->spec.loop, &p->deadline, on_deadline, p);
    loop_task_init(&p->go, on_go, p);
    int err = open_start(h, spec, protocols, 1, on_open, p, &p->open);
    if (err < 0) {
        ping_free(p);
        return err;
    }
    *out = p;
    return 0;
}

void ping_stop(struct ping *p)
{
    if (p)
        ping_free(p);
}

/* ---- answering ------------------------------------------------------------------------------ */

struct pong {
    struct pong *next, **link;
    struct host *host;
    uint64_t serial;
    struct stream *stream;
    struct buf buf;
    bool ended;
    struct loop_timer idle;
    struct loop_task go;
};

static void pong_free(struct pong *p)
{
    loop_timer_clear(&p->idle);
    loop_task_cancel(p->host->spec.loop, &p->go);
    stream_free(p->stream);
    buf_clear(&p->buf);
    *p->link = p->next;
    if (p->next)
        p->next->link = p->link;
    free(p);
}

static void pong_end(void *arg)
{
    struct pong *p = arg;
    stream_reset(p->stream);
    pong_free(p);
}

/* Back it goes, as it came; what the peer does not take is not read on. */
static void echo(void *arg)
{
    struct pong *p = arg;
    ssize_t in, out;
    do {
        in = p->ended ? BEAM_ECLOSED : stream_read(p->stream, &p->buf, ECHO_MAX);
        p->ended = p->ended || in == BEAM_ECLOSED;
        out = stream_write(p->stream, &p->buf);
    } while (in > 0 && out > 0);
    if ((in < 0 && in != BEAM_EAGAIN && in != BEAM_ECLOSED && in != BEAM_ELIMIT) ||
        (out < 0 && out != BEAM_EAGAIN)) {
        pong_end(p);
    } else if (p->ended && buf_len(&p->buf) == 0) {
        (void)stream_shut(p->stream);
        pong_free(p);
    } else {
        loop_timer_set(&p->idle, PONG_IDLE_MS);
    }
}

static void on_pong_ready(void *arg, struct stream *s, unsigned ready)
{
    (void)s;
    (void)ready;
    echo(arg);
}

static void on_pinged(void *arg, struct stream *s, const struct host_peer *peer)
{
    struct host *h = arg;
    size_t n = 0;
    for (const struct pong *p = h->pongs; p; p = p->next)
        n += p->serial == peer->serial;
    struct pong *p = n < PONGS_PER_CONNECTION ? calloc(1, sizeof(*p)) : NULL;
    if (!p) {
        stream_reset(s);
        stream_free(s);
        return;
    }
    *p = (struct pong){.host = h, .serial = peer->serial, .stream = s, .next = h->pongs};
    p->link = &h->pongs;
    if (p->next)
        p->next->link = &p->next;
    h->pongs = p;
    buf_init(&p->buf, loop_pool(h->spec.loop), ECHO_MAX);
    loop_timer_init(h->spec.loop, &p->idle, pong_end, p);
    loop_task_init(&p->go, echo, p);
    loop_timer_set(&p->idle, PONG_IDLE_MS);
    stream_own(s, on_pong_ready, p);
    loop_post(h->spec.loop, &p->go);
}

int ping_serve(struct host *h)
{
    return host_handle(h, PING_PROTOCOL, on_pinged, h);
}

void ping_clear(struct host *h)
{
    while (h->pings)
        ping_free(h->pings);
    while (h->pongs)
        pong_free(h->pongs);
}
