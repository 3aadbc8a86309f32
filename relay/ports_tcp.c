/* SPDX-License-Identifier: BSD-3-Clause */
/* Connections to a port. */
#include <stdlib.h>

#include "relay/metered.h"
#include "relay/ports_parts.h"
#include "stream/socket.h"
#include "stream/splice.h"

enum { LOOKS = 4 /* in the time that a connection may be idle */ };

struct ports_caller {
    struct ports_caller *next, **link;
    struct port *port;
    struct net from;
    struct stream *stream; /* ours until it is spliced */
    struct visit_open *opening;
    struct splice *splice;
    struct loop_timer look;
    uint64_t moved, since; /* bytes, and when they were more the last time */
};

static void forget(struct ports_caller *c)
{
    loop_timer_clear(&c->look);
    visit_open_cancel(c->opening);
    splice_free(c->splice);
    if (c->stream) {
        stream_reset(c->stream);
        stream_free(c->stream);
    }
    *c->link = c->next;
    if (c->next)
        c->next->link = c->link;
    ports_leave(c->port, &c->from);
    free(c);
}

static void on_done(void *arg, int err)
{
    struct ports_caller *c = arg;
    (void)err;
    c->splice = NULL;
    forget(c);
}

static void on_look(void *arg)
{
    struct ports_caller *c = arg;
    const struct ports_spec *s = &c->port->ports->spec;
    uint64_t moved = splice_bytes(c->splice, SPLICE_A) + splice_bytes(c->splice, SPLICE_B);
    uint64_t now = loop_now(s->loop);
    if (moved != c->moved)
        c->since = now;
    c->moved = moved;
    if (now - c->since >= s->idle_ms)
        forget(c);
    else
        loop_timer_set(&c->look, s->idle_ms / LOOKS + 1);
}

static void on_opened(void *arg, int err, struct stream *s)
{
    struct ports_caller *c = arg;
    const struct ports *p = c->port->ports;
    const struct splice_events events = {.done = on_done, .arg = c};
    const struct splice_options options = {.events = &events, .window = p->window};
    c->opening = NULL;
    if (err == 0) {
        struct stream *visitor = c->stream;
        c->stream = NULL;
        err = splice_start(p->spec.loop, visitor, s, NULL, NULL, &options, &c->splice);
    }
    if (err < 0) {
        forget(c);
        return;
    }
    c->since = loop_now(p->spec.loop);
    loop_timer_set(&c->look, p->spec.idle_ms / LOOKS + 1);
}

/* Takes the stream over, always, and the place that the visitor has. */
static void welcome(struct port *port, struct stream *s, const struct addr *at,
                    const struct net *from)
{
    const struct ports_spec *spec = &port->ports->spec;
    struct ports_caller *c = calloc(1, sizeof(*c));
    if (!c) {
        ports_leave(port, from);
        stream_reset(s);
        stream_free(s);
        return;
    }
    *c = (struct ports_caller){.port = port, .from = *from, .stream = s};
    loop_timer_init(spec->loop, &c->look, on_look, c);
    c->next = port->callers;
    c->link = &port->callers;
    if (c->next)
        c->next->link = &c->next;
    port->callers = c;
    if (traffic_limited(spec->traffic)) {
        c->stream = NULL;
        if (metered_new(spec->loop, spec->traffic, s, &c->stream) == 0)
            metered_charge(c->stream, port->id);
    }
    if (!c->stream || ports_visit(port, at, VISIT_HEAD_TCP, on_opened, c, &c->opening) < 0)
        forget(c);
}

static void on_connection(void *arg, int fd)
{
    struct port *port = arg;
    struct addr at;
    struct net from;
    struct stream *s;
    bool known = listen_from(fd, &at) == 0;
    if (stream_socket(port->ports->spec.loop, fd, &s) < 0)
        return;
    net_of(known ? &at : NULL, &from);
    port->ports->spec.counts->visitors++;
    if (known && ports_enter(port, &from)) {
        welcome(port, s, &at, &from);
        return;
    }
    stream_reset(s);
    stream_free(s);
}

int ports_tcp_open(struct port *port, const struct addr *at)
{
    const struct ports_spec *s = &port->ports->spec;
    return listen_beyond(s->loop, s->permit, at, on_connection, port, &port->listener);
}

size_t ports_tcp_drop(struct port *port, bool (*matches)(void *arg, const struct net *from),
                      void *arg)
{
    struct ports_caller *next;
    size_t n = 0;
    for (struct ports_caller *c = port->callers; c; c = next) {
        next = c->next;
        if (matches && !matches(arg, &c->from))
            continue;
        forget(c);
        n++;
    }
    return n;
}

void ports_tcp_close(struct port *port)
{
    listen_close(port->listener);
    port->listener = NULL;
    (void)ports_tcp_drop(port, NULL, NULL);
}
