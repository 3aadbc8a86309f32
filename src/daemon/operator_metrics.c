/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/operator_metrics.h"

#include <stdlib.h>
#include <unistd.h>

#include "daemon/place.h"
#include "loop/listen.h"
#include "proxy/engine.h"
#include "proxy/request.h"
#include "relay/endpoint.h"
#include "stream/socket.h"

enum { READERS_MAX = 16, IDLE_MS = 60000 };

/* One connection. */
struct reader {
    struct operator_metrics *metrics;
    struct reader *next, **link;
    struct engine *engine;
};

struct operator_metrics {
    struct operator_metrics_spec spec;
    struct listener *listener;
    struct reader *readers;
    size_t count;
};

static void forget(struct reader *r)
{
    *r->link = r->next;
    if (r->next)
        r->next->link = r->link;
    r->metrics->count--;
    free(r);
}

static void on_done(void *arg, int err)
{
    (void)err;
    forget(arg);
}

/* A page of a browser on this machine cannot ask for it under another host's name (DNS rebinding):
 * what the text says is no secret, but nobody else's either. */
static bool is_for_us(const struct http_head *head)
{
    struct http_text host = request_host(head), path = request_path(head);
    return (host.len == 0 || endpoint_is_loopback(host)) && http_text_is(head->method, "GET") &&
           http_text_is(path, "/metrics");
}

static void on_ask(void *arg, const struct http_head *head, bool kept)
{
    struct reader *r = arg;
    const struct operator_metrics_spec *spec = &r->metrics->spec;
    static const struct answer nothing = {.status = 404};
    struct counts_now now = {.visitors = 0};
    char text[COUNTS_TEXT_MAX];
    (void)kept;
    if (!is_for_us(head)) {
        engine_answer(r->engine, &nothing);
        return;
    }
    spec->now(spec->arg, &now);
    const struct answer a = {.status = 200,
                             .fields = "Content-Type: text/plain; version=0.0.4\r\n",
                             .body_len = counts_text(spec->counts, &now, text),
                             .body = text};
    engine_answer(r->engine, &a);
}

static void on_connection(void *arg, int fd)
{
    struct operator_metrics *m = arg;
    const struct engine_limits limits = {.idle_ms = IDLE_MS, .body_max = 1};
    struct reader *r = m->count < READERS_MAX ? calloc(1, sizeof(*r)) : NULL;
    struct stream *s;
    if (!r) {
        close(fd);
        return;
    }
    const struct engine_events events = {.ask = on_ask, .done = on_done, .arg = r};
    r->metrics = m;
    if (stream_socket(m->spec.loop, fd, &s) < 0 ||
        engine_new(m->spec.loop, s, NULL, &limits, &events, &r->engine) < 0) {
        free(r);
        return;
    }
    r->next = m->readers;
    r->link = &m->readers;
    if (r->next)
        r->next->link = &r->next;
    m->readers = r;
    m->count++;
}

int operator_metrics_new(const struct operator_metrics_spec *spec, struct operator_metrics **out,
                         struct beam_why *why)
{
    struct addr at;
    int err = place_read("metrics.listen", spec->listen, &at, why);
    if (err < 0)
        return err;
    struct operator_metrics *m = calloc(1, sizeof(*m));
    if (!m)
        return beam_why(why, BEAM_ENOMEM, "metrics: out of memory");
    m->spec = *spec;
    err = listen_open(spec->loop, &at, on_connection, m, &m->listener);
    if (err < 0) {
        free(m);
        return beam_why(why, err, "metrics.listen %s: cannot listen there: %s%s", spec->listen,
                        listen_words(err),
                        err == BEAM_EPOLICY ? " (only this machine may read them: give a loopback "
                                              "address)"
                                            : "");
    }
    *out = m;
    return 0;
}

void operator_metrics_free(struct operator_metrics *m)
{
    if (!m)
        return;
    listen_close(m->listener);
    while (m->readers) {
        engine_free(m->readers->engine);
        forget(m->readers);
    }
    free(m);
}
