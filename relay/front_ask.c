/* SPDX-License-Identifier: BSD-3-Clause */
/* A request at the front: whose endpoint it names, whether it passes, and the visit that it goes
 * by. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "proxy/request.h"
#include "relay/front_gate.h"
#include "relay/front_parts.h"
#include "relay/metered.h"
#include "relay/plain.h"

enum { OPEN_MS = 10000, REST_MAX_S = 24 * 3600 };
enum {
    STATUS_OK = 200,
    STATUS_REDIRECT = 308,
    STATUS_FORBIDDEN = 403,
    STATUS_NOT_FOUND = 404,
    STATUS_MISDIRECTED = 421,
    STATUS_TOO_MANY = 429,
    STATUS_UNAVAILABLE = 503
};

static const char notice_fields[] = "Content-Type: text/plain; charset=utf-8\r\n"
                                    "X-Content-Type-Options: nosniff\r\n";
static const struct answer forbidden = {.status = STATUS_FORBIDDEN};
static const struct answer not_found = {.status = STATUS_NOT_FOUND};
/* To be asked for again, on a connection that is opened at the host itself (RFC 9110, 15.5.20). */
static const struct answer misdirected = {
    .status = STATUS_MISDIRECTED,
    .fields = "Content-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n"};
/* An owner that comes back does so within a few seconds. */
static const struct answer unavailable = {
    .status = STATUS_UNAVAILABLE,
    .fields = "Content-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n"
              "Retry-After: 5\r\n"};

/* ---- which endpoint a guest is with --------------------------------------------------------- */

void front_ask_leave(struct guest *g)
{
    front_tally_leave(&g->front->tallies, g->place);
    g->place = NULL;
}

/* False: it has as many visits as it may have, or as many of whence this guest comes. */
static bool join(struct guest *g, const uint8_t id[RESERVATION_ID_SIZE])
{
    front_ask_leave(g);
    g->place = front_tally_join(&g->front->tallies, id, &g->from);
    return g->place != NULL;
}

/* ---- requests ------------------------------------------------------------------------------- */

/* A lease of another kind is none for requests, and a host whose TLS is its owner's has none. */
static const struct lease *find(const struct front *f, const struct http_head *head,
                                struct endpoint *out)
{
    uint64_t now = f->spec.clock->wall_ms(f->spec.clock->arg);
    if (!terms_offers(f->spec.terms, RESERVATION_HTTP) || !endpoint_find(f->spec.base, head, out) ||
        out->sealed)
        return NULL;
    const struct lease *l = out->name[0] ? lease_by_name(f->spec.store, out->name, now)
                                         : lease_by_id(f->spec.store, out->id, now);
    return l && l->kind == RESERVATION_HTTP ? l : NULL;
}

/* What no page is stays none, whatever a browser makes of it; and on a host that others share no
 * cookie is anybody's. */
static const char no_page[] = "X-Content-Type-Options: nosniff\r\n"
                              "Content-Security-Policy: sandbox; default-src 'none'\r\n";

static bool shares_host(const struct front *f, const struct endpoint *e)
{
    return e->prefix[0] && !f->spec.terms->local;
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
    front_refused(f, lease, rule);
    return false;
}

/* What the owner's application is told of a visitor of this endpoint, and what of its answers
 * passes. */
static void set_rules(struct guest *g, const struct lease *lease, const struct endpoint *e)
{
    memcpy(g->id, lease->id, sizeof(g->id));
    bool tell = lease->visitor_address && g->front->spec.visitor_addresses && g->visitor[0];
    memcpy(g->prefix, e->prefix, sizeof(g->prefix));
    g->rules = (struct rewrite){.prefix = g->prefix[0] ? g->prefix : NULL,
                                .scheme = front_gate_scheme(g),
                                .hsts = g->tls ? g->front->spec.hsts : NULL,
                                .visitor = tell ? g->visitor : NULL,
                                .host_only_cookies = true,
                                .no_cookies = shares_host(g->front, e),
                                .own_cookie = front_gate_cookie(g, e),
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
    front_ask_leave(g);
    engine_answer(g->engine, &unavailable);
}

static void open_visit(struct guest *g, const struct lease *lease)
{
    const struct front_spec *spec = &g->front->spec;
    struct visit_head head = {.via = VISIT_HEAD_HTTP};
    memcpy(head.id, lease->id, sizeof(head.id));
    if (g->rules.visitor)
        snprintf(head.visitor, sizeof(head.visitor), "%s", g->visitor);
    if (!visit_open_may(spec->host, spec->guard, &lease->owner) || !join(g, lease->id) ||
        visit_open_start(spec->loop, spec->host, &lease->owner, &head, OPEN_MS, on_opened, g,
                         &g->opening) < 0) {
        front_ask_leave(g);
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
    front_ask_leave(g);
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
        front_refused(g->front, lease, TERMS_TRAFFIC);
        put_off(g, STATUS_UNAVAILABLE, rest_ms(spec->traffic));
        return false;
    }
    g->class = terms_class(spec->terms, e->prefix[0] != '\0');
    if (front_gate_enter(g, head, lease, e))
        return false;
    enum terms_rule rule = terms_request(spec->terms, g->class, head);
    if (rule == TERMS_PASS)
        return !front_gate_show(g, head, lease, e);
    front_refused(g->front, lease, rule);
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
    front_ask_leave(g);
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
    bool sealed = g->tls && endpoint_is_sealed(spec->base, request_host(head));
    engine_answer(g->engine, sealed ? &misdirected : &not_found);
}

void front_ask(void *arg, const struct http_head *head, bool kept)
{
    struct guest *g = arg;
    struct endpoint e;
    if (answer_plain(g, head))
        return;
    const struct lease *lease = find(g->front, head, &e);
    metered_charge(g->metered, NULL);
    if (!lease) {
        answer_nobody(g, head);
        return;
    }
    g->front->spec.counts->requests++;
    if (!passes(g, head, lease, &e))
        return;
    set_rules(g, lease, &e);
    metered_charge(g->metered, lease->id);
    if (kept && front_tally_is_of(g->place, lease->id))
        engine_forward(g->engine, NULL, &g->rules);
    else if (!take_spare(g, lease))
        open_visit(g, lease);
}

bool front_ask_spare(void *arg, struct stream *visit)
{
    struct guest *g = arg;
    front_spare_put(&g->crowd->spare, visit, g->place);
    g->place = NULL;
    return true;
}
