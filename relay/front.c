/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/front.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "proxy/engine.h"
#include "proxy/h2_visitor.h"
#include "proxy/request.h"
#include "relay/front_spare.h"
#include "relay/metered.h"
#include "relay/notices.h"
#include "relay/plain.h"
#include "relay/visit_open.h"

enum {
    OPEN_MS = 10000,
    WINDOW_MAX = 256 * 1024, /* bytes a guest may make us hold, each way */
    CROWD_WINDOW = 64 * 1024,
    WINDOW_MIN = 16 * 1024,
    SHARES = 256,
    REST_MAX_S = 24 * 3600
};
enum {
    STATUS_OK = 200,
    STATUS_REDIRECT = 308,
    STATUS_FORBIDDEN = 403,
    STATUS_NOT_FOUND = 404,
    STATUS_TOO_MANY = 429,
    STATUS_UNAVAILABLE = 503
};

/* A visitor who speaks HTTP/2, each of whose requests is a guest. */
struct crowd {
    struct crowd *next, **link;
    struct front *front;
    struct h2_visitor *visitor;
    struct front_spare spare;
    struct net from;
    char address[VISIT_HEAD_VISITOR_SIZE];
    bool tls;
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
    bool tls;
    char visitor[VISIT_HEAD_VISITOR_SIZE];
    char prefix[ENDPOINT_PREFIX_SIZE];
    struct stream *metered; /* its own stream, where bytes are counted; or NULL */
    size_t window;          /* bytes that it may make the front hold, each way */
    struct net from;
    uint8_t id[RESERVATION_ID_SIZE]; /* of the endpoint that it asks now, and the class of that */
    enum terms_class class;
    struct rewrite rules;
};

struct front {
    struct front_spec spec;
    struct guest *guests;
    struct crowd *crowds;
    size_t count; /* of both */
    struct front_tallies tallies;
    struct notices *notices;
    uint64_t promised; /* bytes: both windows of all guests */
    void (*room)(void *arg, bool room);
    void *room_arg;
};

static const char notice_fields[] = "Content-Type: text/plain; charset=utf-8\r\n"
                                    "X-Content-Type-Options: nosniff\r\n";
static const struct answer forbidden = {.status = STATUS_FORBIDDEN};
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

/* What no page is stays none, whatever a browser makes of it; and on a host that others share no
 * cookie is anybody's. */
static const char no_page[] = "X-Content-Type-Options: nosniff\r\n"
                              "Content-Security-Policy: sandbox; default-src 'none'\r\n";

static bool shares_host(const struct front *f, const struct endpoint *e)
{
    return e->prefix[0] && !f->spec.terms->local;
}

/* Counts it, and tells the owner, if there still is one. */
static void refused(struct front *f, const struct lease *lease, enum terms_rule rule)
{
    f->spec.counts->refused[rule]++;
    if (lease)
        notices_add(f->notices, lease, rule);
}

static bool allows(void *arg, const struct http_head *response)
{
    struct guest *g = arg;
    struct front *f = g->front;
    enum terms_rule rule = terms_response(f->spec.terms, g->class, response);
    if (rule == TERMS_PASS)
        return true;
    const struct lease *lease =
        lease_by_id(f->spec.store, g->id, f->spec.clock->wall_ms(f->spec.clock->arg));
    refused(f, lease, rule);
    return false;
}

/* Behind a server of the operator's that ends TLS, all came as the relay's own URL says. */
static const char *scheme_of(const struct guest *g)
{
    const struct front_spec *spec = &g->front->spec;
    if (!spec->tls)
        return endpoint_scheme(spec->base);
    return g->tls ? "https" : "http";
}

/* What the owner's application is told of a visitor of this endpoint, and what of its answers
 * passes. */
static void set_rules(struct guest *g, const struct lease *lease, const struct endpoint *e)
{
    memcpy(g->id, lease->id, sizeof(g->id));
    bool tell = lease->visitor_address && g->front->spec.visitor_addresses && g->visitor[0];
    memcpy(g->prefix, e->prefix, sizeof(g->prefix));
    g->rules = (struct rewrite){.prefix = g->prefix[0] ? g->prefix : NULL,
                                .scheme = scheme_of(g),
                                .hsts = g->tls ? g->front->spec.hsts : NULL,
                                .visitor = tell ? g->visitor : NULL,
                                .host_only_cookies = true,
                                .no_cookies = shares_host(g->front, e),
                                .added = g->class == TERMS_WEBHOOK ? no_page : NULL,
                                .allows = allows,
                                .arg = g};
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

/* Whether the owner is there, and not somewhere that is banned. */
static bool owner_serves(const struct front *f, const struct peer_id *owner)
{
    struct host_peer peer;
    struct net from;
    if (!host_find(f->spec.host, owner, &peer))
        return false;
    net_of_multiaddr(peer.addr, &from);
    return !guard_shuts_out(f->spec.guard, owner, &from);
}

static void open_visit(struct guest *g, const struct lease *lease)
{
    const struct front_spec *spec = &g->front->spec;
    struct visit_head head = {.via = VISIT_HEAD_HTTP};
    memcpy(head.id, lease->id, sizeof(head.id));
    if (g->rules.visitor)
        snprintf(head.visitor, sizeof(head.visitor), "%s", g->visitor);
    if (!owner_serves(g->front, &lease->owner) || !join(g, lease->id) ||
        visit_open_start(spec->loop, spec->host, &lease->owner, &head, OPEN_MS, on_opened, g,
                         &g->opening) < 0) {
        leave(g);
        spec->counts->away++;
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

/* Not now, and when to come again. */
static void put_off(struct guest *g, int status, uint64_t wait_ms)
{
    char fields[160];
    const struct answer a = {.status = status, .fields = fields};
    snprintf(fields, sizeof(fields),
             "Content-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n"
             "Retry-After: %llu\r\n",
             (unsigned long long)(wait_ms / 1000 + 1));
    engine_answer(g->engine, &a);
}

/* Until the next month, but not so long that nobody would come again. */
static uint64_t rest_ms(const struct traffic *t)
{
    uint64_t s = traffic_rest(t);
    return (s < REST_MAX_S ? s : REST_MAX_S) * 1000;
}

/* Whether a request may go on to the owner; if not it is answered. */
static bool passes(struct guest *g, const struct http_head *head, const struct lease *lease,
                   const struct endpoint *e)
{
    const struct front_spec *spec = &g->front->spec;
    uint64_t wait_ms = 0;
    if (!guard_request(spec->guard, &g->from, &lease->owner, loop_now(spec->loop), &wait_ms)) {
        spec->counts->put_off++;
        put_off(g, STATUS_TOO_MANY, wait_ms);
        return false;
    }
    if (traffic_sleeps(spec->traffic) || traffic_tunnel_sleeps(spec->traffic, lease->id)) {
        refused(g->front, lease, TERMS_TRAFFIC);
        put_off(g, STATUS_UNAVAILABLE, rest_ms(spec->traffic));
        return false;
    }
    g->class = terms_class(spec->terms, e->prefix[0] != '\0');
    enum terms_rule rule = terms_request(spec->terms, g->class, head);
    if (rule == TERMS_PASS)
        return true;
    refused(g->front, lease, rule);
    engine_answer(g->engine, &forbidden);
    return false;
}

static bool answer_challenge(struct guest *g, const struct http_head *head)
{
    char token[PLAIN_TOKEN_SIZE], body[PLAIN_ANSWER_MAX];
    const char *folder = g->front->spec.challenges;
    ssize_t n = folder && plain_asks(head, token) ? plain_answer(folder, token, body) : -1;
    if (n < 0)
        return false;
    engine_answer(g->engine, &(struct answer){.status = 200, .body = body, .body_len = (size_t)n});
    return true;
}

/* What the relay itself has to say to those who come over plain HTTP. */
static bool answer_plain(struct guest *g, const struct http_head *head)
{
    const struct front_spec *spec = &g->front->spec;
    char fields[PLAIN_FIELDS_SIZE];
    if (g->tls)
        return false;
    if (answer_challenge(g, head))
        return true;
    if (!spec->tls || !spec->redirect || !plain_redirect(spec->base, head, fields))
        return false;
    leave(g);
    engine_answer(g->engine, &(struct answer){.status = STATUS_REDIRECT, .fields = fields});
    return true;
}

/* For no endpoint: what the relay itself has to say, on its own host, or nothing. */
static void answer_nobody(struct guest *g, const struct http_head *head)
{
    const struct front_spec *spec = &g->front->spec;
    struct http_text path = request_path(head);
    bool reads = http_text_is(head->method, "GET") || http_text_is(head->method, "HEAD");
    if (spec->notice[0] && reads && path.len == 1 && path.at[0] == '/' &&
        endpoint_is_relay(spec->base, request_host(head))) {
        const struct answer a = {.status = STATUS_OK,
                                 .fields = notice_fields,
                                 .body = spec->notice,
                                 .body_len = strlen(spec->notice)};
        engine_answer(g->engine, &a);
        return;
    }
    spec->counts->unknown++;
    engine_answer(g->engine, &not_found);
}

static void on_ask(void *arg, const struct http_head *head, bool kept)
{
    struct guest *g = arg;
    struct endpoint e;
    if (answer_plain(g, head))
        return;
    const struct lease *lease = find(g->front, head, &e);
    if (g->metered)
        metered_charge(g->metered, NULL);
    if (!lease) {
        answer_nobody(g, head);
        return;
    }
    g->front->spec.counts->requests++;
    if (!passes(g, head, lease, &e))
        return;
    set_rules(g, lease, &e);
    if (g->metered)
        metered_charge(g->metered, lease->id);
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
    f->promised -= 2 * (uint64_t)g->window;
    if (!g->crowd)
        guard_leave(f->spec.guard, &g->from);
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

static void turn_away(struct stream *s)
{
    stream_reset(s);
    stream_free(s);
}

/* What is left is shared: the fuller it is, the smaller are the windows of those who come. 0: there
 * is no room for another. */
static size_t choose_window(const struct front *f, bool in_crowd)
{
    uint64_t most = in_crowd ? CROWD_WINDOW : WINDOW_MAX, left, share;
    if (f->spec.max_memory == 0)
        return (size_t)most;
    left = f->spec.max_memory > f->promised ? f->spec.max_memory - f->promised : 0;
    share = left / SHARES;
    if (left < 2 * WINDOW_MIN)
        return 0;
    return (size_t)(share < WINDOW_MIN ? WINDOW_MIN : share < most ? share : most);
}

/* Takes the stream over, always. False: it was turned away. */
static bool welcome(struct front *f, struct crowd *crowd, struct stream *s, const struct net *from,
                    const char *address, bool tls)
{
    const struct engine_limits limits = {.body_max = f->spec.max_body,
                                         .response_ms = f->spec.response_ms,
                                         .idle_ms = f->spec.idle_ms,
                                         .window = choose_window(f, crowd != NULL)};
    struct guest *g = limits.window > 0 ? calloc(1, sizeof(*g)) : NULL;
    if (!g) {
        turn_away(s);
        return false;
    }
    /* One that sleeps answers everybody that it does, which is not counted. */
    if (traffic_limited(f->spec.traffic) && !traffic_sleeps(f->spec.traffic)) {
        if (metered_new(f->spec.loop, f->spec.traffic, s, &s) < 0) {
            free(g);
            return false;
        }
        g->metered = s;
    }
    const struct engine_events events = {
        .ask = on_ask, .spare = crowd ? on_spare : NULL, .done = on_done, .arg = g};
    g->front = f;
    g->crowd = crowd;
    g->tls = tls;
    g->from = *from;
    snprintf(g->visitor, sizeof(g->visitor), "%s", address);
    if (engine_new(f->spec.loop, s, NULL, &limits, &events, &g->engine) < 0) {
        free(g);
        return false;
    }
    g->next = f->guests;
    g->link = &f->guests;
    if (g->next)
        g->next->link = &g->next;
    f->guests = g;
    g->window = limits.window;
    f->promised += 2 * (uint64_t)g->window;
    one_more(f);
    return true;
}

static bool enters(struct front *f, const struct net *from)
{
    bool may = guard_enter(f->spec.guard, from);
    f->spec.counts->turned_away += !may;
    return may;
}

void front_visitor(struct front *f, struct stream *s, const struct addr *from, bool tls)
{
    char address[VISIT_HEAD_VISITOR_SIZE];
    struct net at;
    net_of(from, &at);
    write_visitor(from, address);
    f->spec.counts->visitors++;
    if (!enters(f, &at))
        turn_away(s);
    else if (!welcome(f, NULL, s, &at, address, tls))
        guard_leave(f->spec.guard, &at);
}

/* ---- crowds --------------------------------------------------------------------------------- */

static void disperse(struct crowd *c)
{
    struct front *f = c->front;
    front_spare_clear(&c->spare);
    guard_leave(f->spec.guard, &c->from);
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
    (void)welcome(c->front, c, s, &c->from, c->address, c->tls);
    return true;
}

void front_visitor_h2(struct front *f, struct stream *s, const struct addr *from, bool tls)
{
    struct net at;
    net_of(from, &at);
    f->spec.counts->visitors++;
    if (!enters(f, &at)) {
        turn_away(s);
        return;
    }
    struct crowd *c = calloc(1, sizeof(*c));
    if (!c) {
        guard_leave(f->spec.guard, &at);
        turn_away(s);
        return;
    }
    const struct h2_visitor_events events = {
        .request = on_request, .done = on_crowd_done, .arg = c};
    c->front = f;
    c->from = at;
    c->tls = tls;
    front_spare_init(&c->spare, loop_pool(f->spec.loop), &f->tallies);
    write_visitor(from, c->address);
    if (h2_visitor_new(f->spec.loop, f->spec.rng, s, NULL, f->spec.idle_ms, &events, &c->visitor) <
        0) {
        guard_leave(f->spec.guard, &at);
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
    err = notices_new(spec->loop, spec->host, spec->rng, &f->notices);
    if (err < 0) {
        front_tallies_free(&f->tallies);
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

static void drop(struct guest *g)
{
    engine_free(g->engine);
    forget(g);
}

static void drop_crowd(struct crowd *c)
{
    h2_visitor_free(c->visitor);
    disperse(c);
}

size_t front_drop(struct front *f, const uint8_t id[RESERVATION_ID_SIZE])
{
    struct guest *next;
    size_t n = 0;
    for (struct guest *g = f->guests; g; g = next) {
        next = g->next;
        if (!front_tally_is_of(g->place, id))
            continue;
        drop(g);
        n++;
    }
    return n;
}

size_t front_drop_from(struct front *f, bool (*matches)(void *arg, const struct net *from),
                       void *arg)
{
    struct guest *next;
    struct crowd *after;
    size_t n = 0;
    for (struct guest *g = f->guests; g; g = next) {
        next = g->next;
        if (!matches(arg, &g->from))
            continue;
        n += !g->crowd;
        drop(g);
    }
    for (struct crowd *c = f->crowds; c; c = after) {
        after = c->next;
        if (!matches(arg, &c->from))
            continue;
        drop_crowd(c);
        n++;
    }
    return n;
}

size_t front_visitors_of(const struct front *f, const uint8_t id[RESERVATION_ID_SIZE])
{
    return front_tally_count(&f->tallies, id);
}

void front_free(struct front *f)
{
    if (!f)
        return;
    f->room = NULL;
    while (f->guests)
        drop(f->guests);
    while (f->crowds)
        drop_crowd(f->crowds);
    notices_free(f->notices);
    front_tallies_free(&f->tallies);
    free(f);
}
