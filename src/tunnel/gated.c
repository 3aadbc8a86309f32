/* SPDX-License-Identifier: BSD-3-Clause */
#include "tunnel/gated.h"

#include <stdlib.h>

#include "base/log.h"
#include "proxy/engine.h"
#include "proxy/request.h"
#include "tunnel/reach.h"

struct gated {
    struct visit_spec spec;
    struct visit_events events;
    const struct passwords *passwords;
    struct engine *engine;
    struct reach *reach; /* for the question that is open */
};

/* Names nothing: what is behind it is nobody's business who has no password. */
static const struct answer unauthorized = {
    .status = 401,
    .fields = "Content-Type: text/plain\r\n"
              "WWW-Authenticate: Basic realm=\"private\", charset=\"UTF-8\"\r\n"};
static const struct answer bad_gateway = {.status = 502};

/* The credentials are for this gate, where there is one, and not for the target. */
static const struct rewrite gate_rules = {.drop_credentials = true};
static const struct rewrite no_rules = {.drop_credentials = false};

static const struct rewrite *rules(const struct gated *g)
{
    return g->passwords ? &gate_rules : &no_rules;
}

static bool may_pass(const struct gated *g, const struct http_head *head)
{
    struct http_text value;
    return !g->passwords || (request_credentials(head, &value) &&
                             passwords_check(g->passwords, value.at, value.len));
}

static void on_reached(void *arg, int err, struct stream *s)
{
    struct gated *g = arg;
    g->reach = NULL;
    g->events.dialled(g->events.arg, err);
    if (err < 0)
        engine_answer(g->engine, &bad_gateway);
    else
        engine_forward(g->engine, s, rules(g));
}

static void on_ask(void *arg, const struct http_head *head, bool kept)
{
    struct gated *g = arg;
    const struct visit_spec *spec = &g->spec;
    if (!may_pass(g, head))
        engine_answer(g->engine, &unauthorized);
    else if (kept)
        engine_forward(g->engine, NULL, rules(g));
    else if (reach_start(spec->loop, spec->permit, spec->target, spec->connect_timeout, on_reached,
                         g, &g->reach) < 0)
        engine_answer(g->engine, &bad_gateway);
}

static void on_record(void *arg, const struct engine_record *r)
{
    struct gated *g = arg;
    const struct tap_record record = {.method = r->method,
                                      .target = r->target,
                                      .status = r->status,
                                      .ms = r->ms,
                                      .in = r->in,
                                      .out = r->out};
    g->events.record(g->events.arg, &record);
}

static void on_done(void *arg, int err)
{
    struct gated *g = arg;
    if (err < 0)
        log_debug("tunnel", "a visit ended early: %s", beam_err_text(err));
    reach_cancel(g->reach);
    g->events.done(g->events.arg);
    free(g);
}

int gated_new(const struct visit_spec *spec, const struct passwords *passwords,
              const struct visit_events *events, struct stream *visitor, struct gated **out)
{
    const struct engine_limits limits = {0};
    struct gated *g = calloc(1, sizeof(*g));
    const struct engine_events ev = {.ask = on_ask, .record = on_record, .done = on_done, .arg = g};
    if (!g) {
        stream_reset(visitor);
        stream_free(visitor);
        return BEAM_ENOMEM;
    }
    g->spec = *spec;
    g->events = *events;
    g->passwords = passwords;
    int err = engine_new(spec->loop, visitor, NULL, &limits, &ev, &g->engine);
    if (err < 0) {
        free(g);
        return err;
    }
    *out = g;
    return 0;
}

void gated_bytes(const struct gated *g, uint64_t *in, uint64_t *out)
{
    engine_bytes(g->engine, in, out);
}

void gated_free(struct gated *g)
{
    if (!g)
        return;
    engine_free(g->engine);
    reach_cancel(g->reach);
    free(g);
}
