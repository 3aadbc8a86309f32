/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The proxy engine and nothing around it, for bench/proxy: every request goes
 * to one backend, on a connection that its visitor keeps.
 *
 *     engine PORT      on 127.0.0.1; prints the ports it listens at, the first for HTTP/1.1, the
 *                      second for HTTP/2 by prior knowledge, and runs until it is ended
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/kit.h"
#include "loop/listen.h"
#include "proxy/engine.h"
#include "proxy/h2_visitor.h"
#include "stream/socket.h"

enum { DIAL_MS = 5000, ALARM_S = 600, SPARE_MAX = 64 };

static const struct rewrite rules = {.scheme = "http"};
static const struct answer down = {.status = 502};

struct world {
    struct loop *loop;
    struct permit *permit;
    struct addr to;
    struct stream *spare[SPARE_MAX]; /* backends that visitors over HTTP/2 have done with */
    size_t spares;
};

struct guest {
    struct world *world;
    struct engine *engine;
    struct stream_dial *dial;
};

static void on_dialled(void *arg, int err, struct stream *s)
{
    struct guest *g = arg;
    g->dial = NULL;
    if (err < 0)
        engine_answer(g->engine, &down);
    else
        engine_forward(g->engine, s, &rules);
}

static void on_ask(void *arg, const struct http_head *head, bool kept)
{
    struct guest *g = arg;
    struct world *w = g->world;
    (void)head;
    if (kept)
        engine_forward(g->engine, NULL, &rules);
    else if (w->spares > 0)
        engine_forward_used(g->engine, w->spare[--w->spares], &rules);
    else if (stream_dial(w->loop, w->permit, &w->to, PERMIT_TYPED, DIAL_MS, on_dialled, g,
                         &g->dial) < 0)
        engine_answer(g->engine, &down);
}

static void on_done(void *arg, int err)
{
    struct guest *g = arg;
    (void)err;
    stream_dial_cancel(g->dial);
    free(g);
}

static bool on_spare(void *arg, struct stream *backend)
{
    struct world *w = ((struct guest *)arg)->world;
    if (w->spares == SPARE_MAX)
        return false;
    w->spare[w->spares++] = backend;
    return true;
}

static struct stream *open_stream(struct world *w, int fd)
{
    struct stream *s = NULL;
    if (stream_socket(w->loop, fd, &s) < 0)
        kit_die("a visitor");
    return s;
}

static void begin(struct world *w, struct stream *s, bool spare)
{
    static const struct engine_limits limits = {0};
    struct guest *g = calloc(1, sizeof(*g));
    const struct engine_events events = {
        .ask = on_ask, .spare = spare ? on_spare : NULL, .done = on_done, .arg = g};
    if (!g)
        kit_die("a guest");
    g->world = w;
    if (engine_new(w->loop, s, NULL, &limits, &events, &g->engine) < 0)
        kit_die("an engine");
}

static void on_visitor(void *arg, int fd)
{
    begin(arg, open_stream(arg, fd), false);
}

static bool on_request(void *arg, struct stream *s)
{
    begin(arg, s, true);
    return true;
}

static void on_h2_done(void *arg, int err)
{
    (void)arg;
    (void)err;
}

static void on_h2_visitor(void *arg, int fd)
{
    struct world *w = arg;
    const struct h2_visitor_events events = {.request = on_request, .done = on_h2_done, .arg = w};
    struct h2_visitor *v;
    if (h2_visitor_new(w->loop, rng_system(), open_stream(w, fd), NULL, 0, &events, &v) < 0)
        kit_die("a visitor");
}

int main(int argc, char **argv)
{
    const struct policy policy = {.name = "anonymous", .paths = POLICY_ONION};
    const struct addr any = kit_loopback(0);
    struct listener *listener, *h2;
    struct world w = {.spares = 0};
    uint64_t port = 0;
    const struct kit_argument arguments[] = {{"PORT", &port, 65535}};
    kit_begin(argc, argv, arguments, 1, ALARM_S);
    w.to = kit_loopback((uint16_t)port);
    if (loop_new(&w.loop) < 0 || permit_new(&policy, &w.permit) < 0 ||
        listen_open(w.loop, &any, on_visitor, &w, &listener) < 0 ||
        listen_open(w.loop, &any, on_h2_visitor, &w, &h2) < 0)
        kit_die("the proxy");
    printf("%u\n%u\n", addr_port(listen_addr(listener)), addr_port(listen_addr(h2)));
    fflush(stdout);
    return loop_run(w.loop) < 0;
}
