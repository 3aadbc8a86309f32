/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/front.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "proxy/engine.h"
#include "proxy/h2_visitor.h"
#include "relay/front_spare.h"
#include "relay/visit_open.h"

enum { OPEN_MS = 10000, CROWD_WINDOW = 64 * 1024 };
enum { STATUS_NOT_FOUND = 404, STATUS_UNAVAILABLE = 503 };

/* A visitor who speaks HTTP/2, each of whose requests is a guest. */
struct crowd {
    struct crowd *next, **link;
    struct front *front;
    struct h2_visitor *visitor;
    struct front_spare spare;
    char address[VISIT_HEAD_VISITOR_SIZE];
};

/* A visitor who speaks HTTP/1.1, or one request of a crowd's. */
struct guest {
    struct guest *next, **link;
    struct front *front;
    struct engine *engine;
    struct visit_open *opening;
    struct front_tally *place; /* at the endpoint that it is with, or NULL */
    struct crowd *crowd;       /* or NULL: it is alone */
    bool tried;                /* a visit of the crowd's was lost */
    char visitor[VISIT_HEAD_VISITOR_SIZE];
    char prefix[ENDPOINT_PREFIX_SIZE];
    struct rewrite rules;
};

struct front {
    struct front_spec spec;
    struct guest *guests;
    struct crowd *crowds;
    size_t count; /* of both */
    struct front_tallies tallies;
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
    front_tally_leave(&g->front->tallies, g->place);
    g->place = NULL;
}

/* False: it has as many visits as it may have. */
static bool join(struct guest *g, const uint8_t id[RESERVATION_ID_SIZE])
{
    leave(g);
    g->place = front_tally_join(&g->front->tallies, id);
    return g->place != NULL;
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

/* A visit that the crowd has; once, for if that is lost, the others may be as well. */
static bool take_spare(struct guest *g, const struct lease *lease)
{
    if (!g->crowd || g->tried)
        return false;
    g->tried = true;
    leave(g);
    struct stream *visit = front_spare_take(&g->crowd->spare, lease->id, &g->place);
    if (visit)
        engine_forward_used(g->engine, visit, &g->rules);
    return visit != NULL;
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
    if (kept && front_tally_is_of(g->place, lease->id))
        engine_forward(g->engine, NULL, &g->rules);
    else if (!take_spare(g, lease))
        open_visit(g, lease);
}

static bool on_spare(void *arg, struct stream *visit)
{
    struct guest *g = arg;
    front_spare_put(&g->crowd->spare, visit, g->place);
    g->place = NULL;
    return true;
}

/* ---- guests --------------------------------------------------------------------------------- */

static void one_more(struct front *f)
{
    if (++f->count == f->spec.max_visitors && f->room)
        f->room(f->room_arg, false);
}

static void one_less(struct front *f)
{
    if (f->count-- == f->spec.max_visitors && f->room)
        f->room(f->room_arg, true);
}

static void forget(struct guest *g)
{
    struct front *f = g->front;
    visit_open_cancel(g->opening);
    leave(g);
    *g->link = g->next;
    if (g->next)
        g->next->link = g->link;
    free(g);
    one_less(f);
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

/* Takes the stream over, always. */
static void welcome(struct front *f, struct crowd *crowd, struct stream *s, const char *address)
{
    const struct engine_limits limits = {.body_max = f->spec.max_body,
                                         .response_ms = f->spec.response_ms,
                                         .idle_ms = f->spec.idle_ms,
                                         .window = crowd ? CROWD_WINDOW : 0};
    struct guest *g = calloc(1, sizeof(*g));
    if (!g) {
        stream_reset(s);
        stream_free(s);
        return;
    }
    const struct engine_events events = {
        .ask = on_ask, .spare = crowd ? on_spare : NULL, .done = on_done, .arg = g};
    g->front = f;
    g->crowd = crowd;
    snprintf(g->visitor, sizeof(g->visitor), "%s", address);
    if (engine_new(f->spec.loop, s, NULL, &limits, &events, &g->engine) < 0) {
        free(g);
        return;
    }
    g->next = f->guests;
    g->link = &f->guests;
    if (g->next)
        g->next->link = &g->next;
    f->guests = g;
    one_more(f);
}

void front_visitor(struct front *f, struct stream *s, const struct addr *from)
{
    char address[VISIT_HEAD_VISITOR_SIZE];
    write_visitor(from, address);
    welcome(f, NULL, s, address);
}

/* ---- crowds --------------------------------------------------------------------------------- */

static void disperse(struct crowd *c)
{
    struct front *f = c->front;
    front_spare_clear(&c->spare);
    *c->link = c->next;
    if (c->next)
        c->next->link = c->link;
    free(c);
    one_less(f);
}

static void on_crowd_done(void *arg, int err)
{
    (void)err;
    disperse(arg);
}

static bool on_request(void *arg, struct stream *s)
{
    struct crowd *c = arg;
    if (c->front->count >= c->front->spec.max_visitors)
        return false;
    welcome(c->front, c, s, c->address);
    return true;
}

void front_visitor_h2(struct front *f, struct stream *s, const struct addr *from)
{
    struct crowd *c = calloc(1, sizeof(*c));
    if (!c) {
        stream_reset(s);
        stream_free(s);
        return;
    }
    const struct h2_visitor_events events = {
        .request = on_request, .done = on_crowd_done, .arg = c};
    c->front = f;
    front_spare_init(&c->spare, loop_pool(f->spec.loop), &f->tallies);
    write_visitor(from, c->address);
    if (h2_visitor_new(f->spec.loop, f->spec.rng, s, NULL, f->spec.idle_ms, &events, &c->visitor) <
        0) {
        free(c);
        return;
    }
    c->next = f->crowds;
    c->link = &f->crowds;
    if (c->next)
        c->next->link = &c->next;
    f->crowds = c;
    one_more(f);
}

/* ---- the front ------------------------------------------------------------------------------ */

int front_new(const struct front_spec *spec, struct front **out)
{
    struct front *f = calloc(1, sizeof(*f));
    if (!f)
        return BEAM_ENOMEM;
    f->spec = *spec;
    int err = front_tallies_init(&f->tallies, spec->rng,
                                 (FRONT_SPARE_MAX + 1) * spec->max_visitors + 1, spec->max_streams);
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
    while (f->crowds) {
        h2_visitor_free(f->crowds->visitor);
        disperse(f->crowds);
    }
    front_tallies_free(&f->tallies);
    free(f);
}
