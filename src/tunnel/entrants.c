/* SPDX-License-Identifier: BSD-3-Clause */
#include "tunnel/entrants.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "base/log.h"
#include "path/arrivals.h"
#include "stream/tls.h"
#include "tunnel/gated.h"
#include "tunnel/udp_visit.h"
#include "tunnel/visit.h"

struct entrant {
    LIST_ENTRY(entrant) link;
    struct entrants *all;
    struct path *by;
    char circuit[ARRIVALS_TAG_SIZE];
    struct tls *tls; /* one of the four */
    struct visit *visit;
    struct gated *gated;
    struct udp_visit *udp;
};

struct entrants {
    struct entrants_spec spec;
    uint64_t max; /* at once; as it was when the tunnel was opened */
    LIST_HEAD(, entrant) list;
    struct tunnel_figures figures; /* their bytes: of those who have left */
    uint64_t next_id;
    bool target_down; /* and its owner was told */
};

int entrants_new(const struct entrants_spec *spec, struct entrants **out)
{
    struct entrants *e = calloc(1, sizeof(*e));
    if (!e)
        return BEAM_ENOMEM;
    e->spec = *spec;
    e->max = spec->world->max_streams;
    LIST_INIT(&e->list);
    *out = e;
    return 0;
}

/* ---- what is told of them ------------------------------------------------------------------- */

/* Tells when an outage begins, and when it is over. */
static void on_dialled(void *arg, int err)
{
    struct entrants *e = ((struct entrant *)arg)->all;
    const char *target = e->spec.target->text;
    struct beam_why why;
    bool down = err < 0;
    if (down == e->target_down)
        return;
    e->target_down = down;
    if (down) {
        log_warn("tunnel", "nothing answers at %s: %s", log_scrub(target), beam_err_text(err));
        beam_why(&why, err,
                 "nothing answers at %s: %s (start what is to be published; until it answers, "
                 "visitors get an error)",
                 target, beam_err_text(err));
    } else {
        log_info("tunnel", "%s answers again", log_scrub(target));
        beam_why(&why, 0, "%s answers again", target);
    }
    e->spec.events->warning(e->spec.events->arg, &why);
}

static void on_record(void *arg, const struct tap_record *r)
{
    struct entrant *v = arg;
    struct entrants *e = v->all;
    if (r->method[0])
        e->figures.requests++;
    const struct tunnel_request request = {
        .id = ++e->next_id,
        .method = r->method,
        .target = r->target,
        .status = r->status,
        .ms = r->ms,
        .in = r->in,
        .out = r->out,
        .path = path_kind(v->by),
        .circuit = v->circuit,
    };
    e->spec.events->request(e->spec.events->arg, &request);
}

/* ---- how they leave ------------------------------------------------------------------------- */

static void add_bytes(const struct entrant *v, struct tunnel_figures *to)
{
    uint64_t in = 0, out = 0;
    if (v->gated)
        gated_bytes(v->gated, &in, &out);
    else if (v->udp)
        udp_visit_bytes(v->udp, &in, &out);
    else if (v->visit)
        visit_bytes(v->visit, &in, &out);
    to->in += in;
    to->out += out;
}

static void forget(struct entrant *v)
{
    struct entrants *e = v->all;
    LIST_REMOVE(v, link);
    free(v);
    if (e->figures.open_streams-- == e->max)
        e->spec.full(e->spec.arg, false);
}

static void on_done(void *arg)
{
    struct entrant *v = arg;
    add_bytes(v, &v->all->figures);
    forget(v);
}

/* Resets what it has open. */
static void hang_up(struct entrant *v)
{
    tls_cancel(v->tls);
    visit_free(v->visit);
    gated_free(v->gated);
    udp_visit_free(v->udp);
}

void entrants_evict(struct entrants *e, const struct path *by)
{
    struct entrant *next;
    for (struct entrant *v = LIST_FIRST(&e->list); v; v = next) {
        next = LIST_NEXT(v, link);
        if (v->by != by)
            continue;
        add_bytes(v, &e->figures);
        hang_up(v);
        forget(v);
    }
}

void entrants_free(struct entrants *e)
{
    struct entrant *v;
    if (!e)
        return;
    while ((v = LIST_FIRST(&e->list)) != NULL) {
        LIST_REMOVE(v, link);
        hang_up(v);
        free(v);
    }
    free(e);
}

/* ---- how they come -------------------------------------------------------------------------- */

/* Takes the stream over, always; on failure it is reset and freed. */
static int serve(struct entrant *v, struct stream *s)
{
    const struct entrants_spec *e = &v->all->spec;
    const struct visit_spec spec = {
        .loop = e->world->loop,
        .clock = e->world->clock,
        .permit = e->permit,
        .target = e->target,
        .connect_timeout = e->world->connect_timeout,
        .opaque = e->protocol == TUNNEL_TCP,
    };
    const struct visit_events events = {
        .dialled = on_dialled, .record = on_record, .done = on_done, .arg = v};
    switch (e->protocol) {
    case TUNNEL_HTTP:
        return gated_new(&spec, e->passwords, &events, s, &v->gated);
    case TUNNEL_UDP:
        return udp_visit_new(&spec, &events, s, &v->udp);
    default:
        return visit_new(&spec, &events, s, &v->visit);
    }
}

/* TLS that only we open is open, or will not be. */
static void on_tls(void *arg, int err, const struct beam_why *why, struct stream *s,
                   const struct tls_result *r)
{
    struct entrant *v = arg;
    (void)r;
    v->tls = NULL;
    if (err < 0)
        log_debug("tunnel", "a visitor's %s", why->text);
    else
        err = serve(v, s);
    if (err < 0)
        on_done(v);
}

/* As serve. */
static int shake_hands(struct entrant *v, struct stream *s, const struct tls_context *tls)
{
    const struct tls_spec spec = {.timeout_ms = 0};
    int err = tls_start(v->all->spec.world->loop, s, tls, &spec, on_tls, v, &v->tls);
    if (err < 0) {
        stream_reset(s);
        stream_free(s);
    }
    return err;
}

static int take_in(struct entrants *e, struct path *by, struct stream *s, const char *circuit,
                   const struct tls_context *tls)
{
    struct entrant *v = calloc(1, sizeof(*v));
    if (!v) {
        stream_reset(s);
        stream_free(s);
        return BEAM_ENOMEM;
    }
    v->all = e;
    v->by = by;
    snprintf(v->circuit, sizeof(v->circuit), "%s", circuit);
    int err = tls ? shake_hands(v, s, tls) : serve(v, s);
    if (err < 0) {
        free(v);
        return err;
    }
    LIST_INSERT_HEAD(&e->list, v, link);
    return 0;
}

void entrants_admit(struct entrants *e, struct path *by, struct stream *s, const char *circuit,
                    const struct tls_context *tls)
{
    /* A path that is paused may have had one in hand. */
    if (e->figures.open_streams >= e->max) {
        stream_reset(s);
        stream_free(s);
        return;
    }
    int err = take_in(e, by, s, circuit, tls);
    if (err < 0) {
        log_warn("tunnel", "a visitor was turned away: %s", beam_err_text(err));
        return;
    }
    e->figures.connections++;
    if (++e->figures.open_streams == e->max)
        e->spec.full(e->spec.arg, true);
}

void entrants_figures(const struct entrants *e, struct tunnel_figures *out)
{
    const struct entrant *v;
    *out = e->figures;
    LIST_FOREACH(v, &e->list, link)
    add_bytes(v, out);
}
