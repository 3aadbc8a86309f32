/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The proxy engine and nothing around it, on loopback, for tests and benches: each request goes on
 * to one backend, or is answered here.
 *
 *     proxy_server PORT      the backend on 127.0.0.1; 0: answers "hello"
 *
 * Prints the ports it listens at, the first for HTTP/1.1, the second for HTTP/2 by prior knowledge,
 * and runs until its input ends.
 */
#include <netinet/in.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "loop/listen.h"
#include "proxy/engine.h"
#include "proxy/h2_visitor.h"
#include "stream/socket.h"

enum { DIAL_MS = 5000, SPARE_MAX = 64 };

static const struct rewrite rules = {.scheme = "http"};
static const struct answer down = {.status = 502};
static const struct answer hello = {
    .status = 200, .fields = "Content-Type: text/plain\r\n", .body = "hello", .body_len = 5};

struct world {
    struct loop *loop;
    struct permit *permit;
    struct addr to;
    bool answers;
    struct stream *spare[SPARE_MAX]; /* backends that visitors over HTTP/2 have done with */
    size_t spares;
    struct loop_watch input;
};

struct guest {
    struct world *world;
    struct engine *engine;
    struct stream_dial *dial;
};

static void die(const char *what)
{
    fprintf(stderr, "proxy_server: %s\n", what);
    exit(1);
}

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
    if (w->answers)
        engine_answer(g->engine, &hello);
    else if (kept)
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
        die("a visitor");
    return s;
}

static void begin(struct world *w, struct stream *s, bool spare)
{
    static const struct engine_limits limits = {0};
    struct guest *g = calloc(1, sizeof(*g));
    const struct engine_events events = {
        .ask = on_ask, .spare = spare ? on_spare : NULL, .done = on_done, .arg = g};
    if (!g)
        die("a guest");
    g->world = w;
    if (engine_new(w->loop, s, NULL, &limits, &events, &g->engine) < 0)
        die("an engine");
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
        die("a visitor");
}

static void on_input(void *arg, unsigned ready)
{
    struct world *w = arg;
    char byte;
    (void)ready;
    if (read(STDIN_FILENO, &byte, 1) <= 0)
        loop_stop(w->loop);
}

static struct addr loopback(uint16_t port)
{
    struct sockaddr_in v4 = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct addr a = {.len = sizeof(v4)};
    memcpy(&a.ss, &v4, sizeof(v4));
    return a;
}

int main(int argc, char **argv)
{
    const struct policy policy = {.name = "anonymous", .paths = POLICY_ONION};
    const struct addr any = loopback(0);
    struct listener *h1, *h2;
    struct world w = {.answers = false};
    char *end;
    unsigned long port = argc == 2 ? strtoul(argv[1], &end, 10) : UINT16_MAX + 1;
    if (port > UINT16_MAX || *end || sodium_init() < 0)
        die("usage: proxy_server PORT");
    w.to = loopback((uint16_t)port);
    w.answers = port == 0;
    if (loop_new(&w.loop) < 0 || permit_new(&policy, &w.permit) < 0 ||
        listen_open(w.loop, &any, on_visitor, &w, &h1) < 0 ||
        listen_open(w.loop, &any, on_h2_visitor, &w, &h2) < 0 ||
        loop_watch_start(w.loop, &w.input, STDIN_FILENO, LOOP_READ, on_input, &w) < 0)
        die("it cannot start");
    printf("%u\n%u\n", addr_port(listen_addr(h1)), addr_port(listen_addr(h2)));
    fflush(stdout);
    return loop_run(w.loop) < 0;
}
