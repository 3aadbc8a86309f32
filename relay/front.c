/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/front.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/h2.h"
#include "relay/front_parts.h"
#include "relay/metered.h"

enum {
    WINDOW_MAX = 256 * 1024, /* bytes a guest may make us hold, each way */
    CROWD_WINDOW = 64 * 1024,
    WINDOW_MIN = 16 * 1024,
    /* What HTTP/2 has of a request beside them. Trailers of HTTP/1.1 are within the windows. */
    CROWD_BESIDE = H2_WINDOW + H2_OUT + 2 * HTTP_TRAILERS_MAX,
    /* So that as many come as relay.max_visitors lets by default into the relay.max_memory that is
     * the default: the first have 128 KiB each way, the last the least. */
    SHARES = 8192
};

/* ---- guests --------------------------------------------------------------------------------- */

void front_one_more(struct front *f)
{
    if (++f->count == f->spec.max_visitors && f->room)
        f->room(f->room_arg, false);
}

void front_one_less(struct front *f)
{
    if (f->count-- == f->spec.max_visitors && f->room)
        f->room(f->room_arg, true);
}

static void forget(struct guest *g)
{
    struct front *f = g->front;
    visit_open_cancel(g->opening);
    front_ask_leave(g);
    f->promised -= g->promised;
    if (!g->crowd)
        guard_leave(f->spec.guard, &g->from);
    *g->link = g->next;
    if (g->next)
        g->next->link = g->link;
    free(g);
    front_one_less(f);
}

static void on_done(void *arg, int err)
{
    (void)err;
    forget(arg);
}

static void turn_away(struct stream *s)
{
    stream_reset(s);
    stream_free(s);
}

static uint64_t left_over(const struct front *f)
{
    if (f->spec.max_memory == 0)
        return UINT64_MAX;
    return f->spec.max_memory > f->promised ? f->spec.max_memory - f->promised : 0;
}

/* What is left is shared: the fuller it is, the smaller are the windows of those who come. */
size_t front_window(const struct front *f, bool in_crowd, uint64_t *promised)
{
    uint64_t most = in_crowd ? CROWD_WINDOW : WINDOW_MAX, beside = in_crowd ? CROWD_BESIDE : 0;
    uint64_t left = left_over(f), share = left / SHARES;
    uint64_t window = share < WINDOW_MIN ? WINDOW_MIN : share < most ? share : most;
    *promised = 2 * window + beside;
    return *promised <= left ? (size_t)window : 0;
}

/* Takes the stream over, always. False: it was turned away. */
static bool welcome(struct front *f, struct crowd *crowd, struct stream *s, const struct net *from,
                    const char *address, bool tls)
{
    uint64_t promised;
    const struct engine_limits limits = {.body_max = f->spec.max_body,
                                         .response_ms = f->spec.response_ms,
                                         .idle_ms = f->spec.idle_ms,
                                         .rate = f->spec.rate,
                                         .window = front_window(f, crowd != NULL, &promised)};
    struct guest *g = limits.window > 0 ? calloc(1, sizeof(*g)) : NULL;
    if (!g) {
        turn_away(s);
        return false;
    }
    if (metered_new(f->spec.loop, f->spec.traffic, s, &s) < 0) {
        free(g);
        return false;
    }
    g->metered = s;
    const struct engine_events events = {
        .ask = front_ask, .spare = crowd ? front_ask_spare : NULL, .done = on_done, .arg = g};
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
    g->promised = promised;
    f->promised += promised;
    front_one_more(f);
    return true;
}

bool front_enters(struct front *f, const struct net *from)
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
    visit_head_visitor(from, address);
    f->spec.counts->visitors++;
    if (!front_enters(f, &at))
        turn_away(s);
    else if (!welcome(f, NULL, s, &at, address, tls))
        guard_leave(f->spec.guard, &at);
}

/* ---- crowds --------------------------------------------------------------------------------- */

static void disperse(struct crowd *c)
{
    struct front *f = c->front;
    front_spare_clear(&c->spare);
    f->promised -= c->promised;
    guard_leave(f->spec.guard, &c->from);
    *c->link = c->next;
    if (c->next)
        c->next->link = c->link;
    free(c);
    front_one_less(f);
}

static void on_crowd_done(void *arg, int err)
{
    (void)err;
    disperse(arg);
}

/* An upload whose owner reads fast may have more wait, as long as a quarter of the memory is left:
 * that is for those who come. */
static bool on_wide(void *arg, bool more)
{
    struct crowd *c = arg;
    struct front *f = c->front;
    if (more && left_over(f) < f->spec.max_memory / 4 + H2_WIDE)
        return false;
    if (more) {
        c->promised += H2_WIDE;
        f->promised += H2_WIDE;
    } else {
        c->promised -= H2_WIDE;
        f->promised -= H2_WIDE;
    }
    return true;
}

static bool on_request(void *arg, struct stream *s)
{
    struct crowd *c = arg;
    uint64_t promised;
    if (c->front->count >= c->front->spec.max_visitors ||
        front_window(c->front, true, &promised) == 0)
        return false;
    (void)welcome(c->front, c, s, &c->from, c->address, c->tls);
    return true;
}

void front_visitor_h2(struct front *f, struct stream *s, const struct addr *from, bool tls)
{
    struct net at;
    net_of(from, &at);
    f->spec.counts->visitors++;
    if (!front_enters(f, &at)) {
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
        .request = on_request, .wide = on_wide, .done = on_crowd_done, .arg = c};
    c->front = f;
    c->from = at;
    c->tls = tls;
    front_spare_init(&c->spare, loop_pool(f->spec.loop), &f->tallies);
    visit_head_visitor(from, c->address);
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
    front_one_more(f);
}

/* ---- the front ------------------------------------------------------------------------------ */

int front_new(const struct front_spec *spec, struct front **out)
{
    struct front *f = calloc(1, sizeof(*f));
    if (!f)
        return BEAM_ENOMEM;
    f->spec = *spec;
    const struct front_tally_limits limits = {.each = spec->max_streams,
                                              .source = spec->source_streams};
    int err = front_tallies_init(&f->tallies, spec->rng,
                                 (FRONT_SPARE_MAX + 1) * spec->max_visitors + 1, &limits);
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

void front_refused(struct front *f, const struct lease *lease, enum terms_rule rule)
{
    f->spec.counts->refused[rule]++;
    if (lease)
        notices_add(f->notices, lease, rule);
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
    n += front_bytes_drop(f, id);
    for (struct guest *g = f->guests; g; g = next) {
        next = g->next;
        if (!front_tally_is_of(g->place, id))
            continue;
        drop(g);
        n++;
    }
    for (struct crowd *c = f->crowds; c; c = c->next)
        front_spare_drop(&c->spare, id);
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
    return n + front_bytes_drop_from(f, matches, arg);
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
    (void)front_bytes_drop(f, NULL);
    notices_free(f->notices);
    front_tallies_free(&f->tallies);
    free(f);
}
