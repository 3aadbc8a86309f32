/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/front.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/map.h"
#include "proxy/engine.h"
#include "relay/visit_open.h"

enum { OPEN_MS = 10000, STATUS_NOT_FOUND = 404, STATUS_UNAVAILABLE = 503 };

/* The visitors that an endpoint has at the moment. */
struct tally {
    uint8_t id[RESERVATION_ID_SIZE];
    size_t n;
};

struct guest {
    struct guest *next, **link;
    struct front *front;
    struct engine *engine;
    struct visit_open *opening;
    struct tally *tally; /* of the endpoint that it is with, or NULL */
    char visitor[VISIT_HEAD_VISITOR_SIZE];
    char prefix[ENDPOINT_PREFIX_SIZE];
    struct rewrite rules;
};

struct front {
    struct front_spec spec;
    struct guest *guests;
    size_t count;
    struct map *tallies;
    void (*room)(void *arg, bool room);
    void *room_arg;
};

static const struct answer not_found = {.status = STATUS_NOT_FOUND};
/* An owner that comes back does so within a few seconds. */
static const struct answer unavailable = {
    .status = STATUS_UNAVAILABLE,
    .fields = "Content-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n"
              "Retry-After: 5\r\n"};

/* ---- which endpoint a guest is with --------------------------------------------------------- */

static void leave(struct guest *g)
{
    struct tally *t = g->tally;
    g->tally = NULL;
    if (!t || --t->n > 0)
        return;
    map_take(g->front->tallies, t->id, sizeof(t->id));
    free(t);
}

static struct tally *tally_of(struct front *f, const uint8_t id[RESERVATION_ID_SIZE])
{
    struct tally *t = map_get(f->tallies, id, RESERVATION_ID_SIZE);
    if (t)
        return t;
    t = calloc(1, sizeof(*t));
    if (!t)
        return NULL;
    memcpy(t->id, id, sizeof(t->id));
    if (map_put(f->tallies, t->id, sizeof(t->id), t) == 0)
        return t;
    free(t);
    return NULL;
}

/* False: it has as many visitors as it may have. */
static bool join(struct guest *g, const uint8_t id[RESERVATION_ID_SIZE])
{
    leave(g);
    struct tally *t = tally_of(g->front, id);
    if (!t || t->n == g->front->spec.max_streams)
        return false;
    t->n++;
    g->tally = t;
    return true;
}

static bool is_with(const struct guest *g, const struct lease *lease)
{
    return g->tally && memcmp(g->tally->id, lease->id, sizeof(lease->id)) == 0;
}

/* ---- requests ------------------------------------------------------------------------------- */

static const struct lease *find(const struct front *f, const struct http_head *head,
                                struct endpoint *out)
{
    uint64_t now = f->spec.clock->wall_ms(f->spec.clock->arg);
    if (!endpoint_find(f->spec.base, head, out))
        return NULL;
    return out->name[0] ? lease_by_name(f->spec.store, out->name, now)
                        : lease_by_id(f->spec.store, out->id, now);
}

/* What the owner's application is told of a visitor of this endpoint. */
static void set_rules(struct guest *g, const struct lease *lease, const struct endpoint *e)
{
    bool tell = lease->visitor_address && g->front->spec.visitor_addresses && g->visitor[0];
    memcpy(g->prefix, e->prefix, sizeof(g->prefix));
    g->rules = (struct rewrite){.prefix = g->prefix[0] ? g->prefix : NULL,
                                .scheme = endpoint_scheme(g->front->spec.base),
                                .visitor = tell ? g->visitor : NULL,
                                .host_only_cookies = true};
}

static void on_opened(void *arg, int err, struct stream *s)
{
    struct guest *g = arg;
    g->opening = NULL;
    if (err == 0) {
        engine_forward(g->engine, s, &g->rules);
        return;
    }
    leave(g);
    engine_answer(g->engine, &unavailable);
}

static void open_visit(struct guest *g, const struct lease *lease)
{
    const struct front_spec *spec = &g->front->spec;
    struct host_peer peer;
    struct visit_head head = {.via = VISIT_HEAD_HTTP};
    memcpy(head.id, lease->id, sizeof(head.id));
    if (g->rules.visitor)
        snprintf(head.visitor, sizeof(head.visitor), "%s", g->visitor);
    if (!host_find(spec->host, &lease->owner, &peer) || !join(g, lease->id) ||
        visit_open_start(spec->loop, spec->host, &lease->owner, &head, OPEN_MS, on_opened, g,
                         &g->opening) < 0) {
        leave(g);
        engine_answer(g->engine, &unavailable);
    }
}

static void on_ask(void *arg, const struct http_head *head, bool kept)
{
    struct guest *g = arg;
    struct endpoint e;
    const struct lease *lease = find(g->front, head, &e);
    if (!lease) {
        engine_answer(g->engine, &not_found);
        return;
    }
    set_rules(g, lease, &e);
    if (kept && is_with(g, lease))
        engine_forward(g->engine, NULL, &g->rules);
    else
        open_visit(g, lease);
}

/* ---- guests --------------------------------------------------------------------------------- */

static void forget(struct guest *g)
{
    struct front *f = g->front;
    visit_open_cancel(g->opening);
    leave(g);
    *g->link = g->next;
    if (g->next)
        g->next->link = g->link;
    free(g);
    if (f->count-- == f->spec.max_visitors && f->room)
        f->room(f->room_arg, true);
}

static void on_done(void *arg, int err)
{
    (void)err;
    forget(arg);
}

/* Its address as text without a port; "" for what has none. */
static void write_visitor(const struct addr *from, char out[VISIT_HEAD_VISITOR_SIZE])
{
    char text[ADDR_TEXT_SIZE];
    out[0] = '\0';
    if (!from || addr_scope(from) == ADDR_UNIX)
        return;
    addr_text(from, text);
    char *start = text[0] == '[' ? text + 1 : text, *end = strrchr(text, ':');
    if (end && text[0] == '[')
        end = strchr(text, ']');
    if (end && (size_t)(end - start) < VISIT_HEAD_VISITOR_SIZE)
        snprintf(out, VISIT_HEAD_VISITOR_SIZE, "%.*s", (int)(end - start), start);
}

void front_visitor(struct front *f, struct stream *s, const struct addr *from)
{
    const struct engine_limits limits = {.body_max = f->spec.max_body,
                                         .response_ms = f->spec.response_ms,
                                         .idle_ms = f->spec.idle_ms};
    struct guest *g = calloc(1, sizeof(*g));
    if (!g) {
        stream_reset(s);
        stream_free(s);
        return;
    }
    const struct engine_events events = {.ask = on_ask, .done = on_done, .arg = g};
    g->front = f;
    write_visitor(from, g->visitor);
    if (engine_new(f->spec.loop, s, NULL, &limits, &events, &g->engine) < 0) {
        free(g);
        return;
    }
    g->next = f->guests;
    g->link = &f->guests;
    if (g->next)
        g->next->link = &g->next;
    f->guests = g;
    if (++f->count == f->spec.max_visitors && f->room)
        f->room(f->room_arg, false);
}

/* ---- the front ------------------------------------------------------------------------------ */

int front_new(const struct front_spec *spec, struct front **out)
{
    struct front *f = calloc(1, sizeof(*f));
    if (!f)
        return BEAM_ENOMEM;
    f->spec = *spec;
    int err = map_new(spec->rng, spec->max_visitors + 1, &f->tallies);
    if (err < 0) {
        free(f);
        return err;
    }
    *out = f;
    return 0;
}

void front_on_room(struct front *f, void (*fn)(void *arg, bool room), void *arg)
{
    f->room = fn;
    f->room_arg = arg;
}

size_t front_visitors(const struct front *f)
{
    return f->count;
}

void front_free(struct front *f)
{
    if (!f)
        return;
    f->room = NULL;
    while (f->guests) {
        engine_free(f->guests->engine);
        forget(f->guests);
    }
    map_free(f->tallies);
    free(f);
}
