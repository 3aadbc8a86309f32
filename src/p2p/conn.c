/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/conn.h"

#include <stdlib.h>

#include "base/log.h"
#include "stream/negotiate.h"

/* A stream of the peer's that is asked for its protocol. */
struct asked {
    struct asked *next, **link;
    struct conn *conn;
    struct negotiate *negotiate;
};

static void forget(struct asked *a)
{
    *a->link = a->next;
    if (a->next)
        a->next->link = a->link;
    a->conn->asked_count--;
    free(a);
}

static bool supports(void *arg, const char *protocol, size_t len)
{
    struct asked *a = arg;
    return a->conn->events.supports(a->conn->events.arg, protocol, len);
}

static void on_protocol(void *arg, int err, const struct beam_why *why, struct stream *s,
                        const char *protocol)
{
    struct asked *a = arg;
    struct conn *c = a->conn;
    forget(a);
    if (err < 0)
        log_debug("p2p", "a stream of a peer's: %s", why->text);
    else
        c->events.stream(c->events.arg, c, s, protocol);
}

static void refuse(struct stream *s, const char *reason)
{
    log_info("p2p", "a stream was refused: %s", reason);
    stream_reset(s);
    stream_free(s);
}

static void on_stream(void *arg, struct stream *s)
{
    struct conn *c = arg;
    c->idle_since = 0;
    if (c->asked_count >= CONN_ASKED_MAX) {
        refuse(s, "the peer has too many that say no protocol");
        return;
    }
    if (!c->events.room(c->events.arg)) {
        refuse(s, "there are too many");
        return;
    }
    struct asked *a = calloc(1, sizeof(*a));
    if (!a) {
        refuse(s, "out of memory");
        return;
    }
    *a = (struct asked){.conn = c, .next = c->asked, .link = &c->asked};
    if (a->next)
        a->next->link = &a->next;
    c->asked = a;
    c->asked_count++;
    int err =
        negotiate_answer(c->spec.loop, s, supports, CONN_ASK_MS, on_protocol, a, &a->negotiate);
    if (err < 0) {
        forget(a);
        refuse(s, beam_err_text(err));
    }
}

static void on_away(void *arg)
{
    struct conn *c = arg;
    c->leaving = true;
}

static void on_idle(void *arg)
{
    struct conn *c = arg;
    c->idle_since = loop_now(c->spec.loop);
}

static void on_closed(void *arg, int err, const struct beam_why *why)
{
    struct conn *c = arg;
    c->events.closed(c->events.arg, c, err, why);
}

static void on_fail(void *arg)
{
    struct conn *c = arg;
    struct beam_why why;
    beam_why(&why, c->fail_err, "%s",
             c->fail_err == BEAM_ETIMEOUT ? "the peer gives no sign of life"
                                          : beam_err_text(c->fail_err));
    c->events.closed(c->events.arg, c, c->fail_err, &why);
}

int conn_new(struct stream *secured, const struct conn_spec *spec, const struct conn_events *events,
             struct conn **out)
{
    struct conn *c = calloc(1, sizeof(*c));
    if (!c) {
        stream_reset(secured);
        stream_free(secured);
        return BEAM_ENOMEM;
    }
    c->spec = *spec;
    c->events = *events;
    c->since = c->idle_since = c->heard = loop_now(spec->loop);
    loop_task_init(&c->fail, on_fail, c);
    /* What is each one's in any case comes to no more than all may hold. */
    const struct yamux_spec yamux = {.initiator = !spec->inbound,
                                     .max_streams = spec->limits->streams_per_peer,
                                     .memory = spec->limits->memory / spec->limits->connections,
                                     .budget = spec->budget};
    const struct yamux_events heard = {
        .stream = on_stream, .away = on_away, .closed = on_closed, .idle = on_idle, .arg = c};
    int err = yamux_new(spec->loop, secured, &yamux, &heard, &c->yamux);
    if (err < 0) {
        free(c);
        return err;
    }
    *out = c;
    return 0;
}

void conn_free(struct conn *c)
{
    if (!c)
        return;
    while (c->asked) {
        negotiate_cancel(c->asked->negotiate);
        forget(c->asked);
    }
    loop_task_cancel(c->spec.loop, &c->fail);
    yamux_free(c->yamux);
    free(c);
}

/* Whether much of what its relay lets it last or carry is used up, what Noise adds included. */
static bool is_spent(const struct conn *c, uint64_t now)
{
    const struct way_limit *l = &c->spec.limit;
    return (l->ms > 0 && now - c->since >= l->ms - l->ms / 4) ||
           (l->bytes > 0 && yamux_carried(c->yamux) >= l->bytes - l->bytes / 4);
}

bool conn_usable(struct conn *c)
{
    if (is_spent(c, loop_now(c->spec.loop)))
        conn_leave(c);
    return !c->leaving;
}

int conn_open(struct conn *c, struct stream **out)
{
    int err = yamux_open(c->yamux, out);
    if (err == 0)
        c->idle_since = 0;
    return err;
}

void conn_leave(struct conn *c)
{
    if (c->leaving)
        return;
    c->leaving = true;
    yamux_go_away(c->yamux, YAMUX_NORMAL);
}

size_t conn_streams(const struct conn *c)
{
    return yamux_streams(c->yamux);
}

static void on_pong(void *arg, int err, uint64_t us)
{
    struct conn *c = arg;
    if (err < 0)
        return; /* `closed` says it */
    c->pinged = 0;
    c->heard = loop_now(c->spec.loop);
    c->rtt_us = us;
}

void conn_probe(struct conn *c)
{
    if (c->pinged == 0 && yamux_ping(c->yamux, on_pong, c) == 0)
        c->pinged = loop_now(c->spec.loop);
}

/* The answer may wait behind much else that the peer has sent, on a slow way for minutes: whatever
 * comes meanwhile is a sign of life too. */
static uint64_t waits_since(const struct conn *c)
{
    uint64_t heard = yamux_heard(c->yamux);
    return heard > c->pinged ? heard : c->pinged;
}

void conn_tick(struct conn *c, uint64_t now)
{
    if (is_spent(c, now))
        conn_leave(c);
    if (c->pinged != 0 && now - waits_since(c) >= CONN_ANSWER_MS) {
        c->fail_err = BEAM_ETIMEOUT;
        loop_post(c->spec.loop, &c->fail);
    } else if (now - c->heard >= CONN_QUIET_MS) {
        conn_probe(c);
    }
}
