/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The proxy engine and nothing around it, for bench/proxy: every request goes
 * to one backend, on a connection that its visitor keeps.
 *
 *     engine PORT      on 127.0.0.1; prints the port it listens at, and runs until it is ended
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/kit.h"
#include "loop/listen.h"
#include "proxy/engine.h"
#include "stream/socket.h"

enum { DIAL_MS = 5000, ALARM_S = 600 };

static const struct rewrite rules = {.scheme = "http"};
static const struct answer down = {.status = 502};

struct world {
    struct loop *loop;
    struct permit *permit;
    struct addr to;
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

static void on_visitor(void *arg, int fd)
{
    static const struct engine_limits limits = {0};
    struct world *w = arg;
    struct stream *s = NULL;
    struct guest *g = calloc(1, sizeof(*g));
    const struct engine_events events = {.ask = on_ask, .done = on_done, .arg = g};
    if (!g || stream_socket(w->loop, fd, &s) < 0)
        kit_die("a visitor");
    g->world = w;
    if (engine_new(w->loop, s, NULL, &limits, &events, &g->engine) < 0)
        kit_die("an engine");
}

int main(int argc, char **argv)
{
    const struct policy policy = {.name = "anonymous", .paths = POLICY_ONION};
    const struct addr any = kit_loopback(0);
    struct listener *listener;
    struct world w;
    uint64_t port = 0;
    const struct kit_argument arguments[] = {{"PORT", &port, 65535}};
    kit_begin(argc, argv, arguments, 1, ALARM_S);
    w.to = kit_loopback((uint16_t)port);
    if (loop_new(&w.loop) < 0 || permit_new(&policy, &w.permit) < 0 ||
        listen_open(w.loop, &any, on_visitor, &w, &listener) < 0)
        kit_die("the proxy");
    printf("%u\n", addr_port(listen_addr(listener)));
    fflush(stdout);
    return loop_run(w.loop) < 0;
}
