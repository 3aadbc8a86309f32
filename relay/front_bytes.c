/* SPDX-License-Identifier: BSD-3-Clause */
/* Visitors at the front whose bytes go on to the owner as they are. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "relay/front_parts.h"
#include "relay/metered.h"
#include "stream/splice.h"

enum {
    OPEN_MS = 10000,
    IDLE_USUAL_MS = 60000,
    IDLE_TIMES = 10 /* what rests there may be a conversation of which the relay knows nothing */
};

struct passenger {
    struct passenger *next, **link;
    struct front *front;
    struct net from;
    uint8_t id[RESERVATION_ID_SIZE];
    struct front_tally *place;
    size_t window;
    uint64_t promised;
    struct stream *visitor; /* until the owner is there */
    struct visit_open *opening;
    struct splice *splice;
    struct loop_timer idle;
    uint64_t idle_ms;
    uint64_t moved; /* bytes, when it was last looked at */
};

static void forget(struct passenger *p)
{
    struct front *f = p->front;
    loop_timer_clear(&p->idle);
    front_tally_leave(&f->tallies, p->place);
    f->promised -= p->promised;
    guard_leave(f->spec.guard, &p->from);
    *p->link = p->next;
    if (p->next)
        p->next->link = p->link;
    free(p);
    front_one_less(f);
}

static void drop(struct passenger *p)
{
    visit_open_cancel(p->opening);
    splice_free(p->splice);
    if (p->visitor)
        stream_reset(p->visitor);
    stream_free(p->visitor);
    forget(p);
}

/* ---- on their way --------------------------------------------------------------------------- */

static uint64_t usual_ms(const struct front *f)
{
    return IDLE_TIMES * (f->spec.idle_ms ? f->spec.idle_ms : IDLE_USUAL_MS);
}

static void on_idle(void *arg)
{
    struct passenger *p = arg;
    uint64_t moved = splice_bytes(p->splice, SPLICE_A) + splice_bytes(p->splice, SPLICE_B);
    if (moved == p->moved) {
        drop(p);
        return;
    }
    p->moved = moved;
    loop_timer_set(&p->idle, p->idle_ms);
}

static void on_done(void *arg, int err)
{
    struct passenger *p = arg;
    if (err < 0)
        log_debug("relay", "a visit ended early: %s", beam_err_text(err));
    forget(p);
}

static void on_opened(void *arg, int err, struct stream *s)
{
    struct passenger *p = arg;
    struct front *f = p->front;
    const struct splice_events events = {.done = on_done, .arg = p};
    const struct splice_options options = {.events = &events, .window = p->window};
    p->opening = NULL;
    if (err < 0) {
        f->spec.counts->away++;
        drop(p);
        return;
    }
    struct stream *visitor = p->visitor;
    p->visitor = NULL;
    if (splice_start(f->spec.loop, visitor, s, NULL, NULL, &options, &p->splice) < 0) {
        forget(p);
        return;
    }
    loop_timer_set(&p->idle, p->idle_ms);
}

/* ---- their beginning ------------------------------------------------------------------------ */

/* Whether the lease's owner may have one more visitor now; if not it is counted why. */
static bool passes(struct front *f, const struct net *from, const struct lease *lease)
{
    const struct front_spec *spec = &f->spec;
    uint64_t wait_ms = 0;
    if (!guard_request(spec->guard, from, &lease->owner, loop_now(spec->loop), &wait_ms)) {
        spec->counts->put_off++;
        return false;
    }
    if (traffic_sleeps(spec->traffic) || traffic_tunnel_sleeps(spec->traffic, lease->id)) {
        front_refused(f, lease, TERMS_TRAFFIC);
        return false;
    }
    if (!visit_open_may(spec->host, spec->guard, &lease->owner)) {
        spec->counts->away++;
        return false;
    }
    return true;
}

static int open_visit(struct passenger *p, const char *visitor, const struct lease *lease,
                      enum visit_head_via via)
{
    const struct front_spec *spec = &p->front->spec;
    struct visit_head head = {.via = via};
    memcpy(head.id, lease->id, sizeof(head.id));
    if (lease->visitor_address && spec->visitor_addresses)
        snprintf(head.visitor, sizeof(head.visitor), "%s", visitor);
    p->place = front_tally_join(&p->front->tallies, lease->id, &p->from);
    if (!p->place)
        return BEAM_ELIMIT;
    return visit_open_start(spec->loop, spec->host, &lease->owner, &head, OPEN_MS, on_opened, p,
                            &p->opening);
}

/* Its bytes count as the endpoint's from here on. 0 or BEAM_ENOMEM, and then it is gone. */
static int meter(struct front *f, const struct lease *lease, struct stream **s)
{
    int err = metered_new(f->spec.loop, f->spec.traffic, *s, s);
    if (err == 0)
        metered_charge(*s, lease->id);
    return err;
}

static struct passenger *add(struct front *f, const struct net *from, const struct lease *lease)
{
    uint64_t promised;
    size_t window = front_window(f, false, &promised);
    struct passenger *p = window > 0 ? calloc(1, sizeof(*p)) : NULL;
    if (!p)
        return NULL;
    p->front = f;
    p->from = *from;
    p->window = window;
    p->promised = promised;
    memcpy(p->id, lease->id, sizeof(p->id));
    loop_timer_init(f->spec.loop, &p->idle, on_idle, p);
    p->next = f->passengers;
    p->link = &f->passengers;
    if (p->next)
        p->next->link = &p->next;
    f->passengers = p;
    f->promised += promised;
    front_one_more(f);
    return p;
}

bool front_bytes_begin(struct front *f, struct stream *s, const struct net *from,
                       const char *visitor, const struct lease *lease, enum visit_head_via via,
                       uint64_t idle_ms)
{
    if (!front_enters(f, from))
        return false;
    struct passenger *p = passes(f, from, lease) ? add(f, from, lease) : NULL;
    if (!p) {
        guard_leave(f->spec.guard, from);
        return false;
    }
    p->idle_ms = idle_ms > 0 ? idle_ms : usual_ms(f);
    if (open_visit(p, visitor, lease, via) < 0) {
        forget(p);
        return false;
    }
    if (meter(f, lease, &s) == 0)
        p->visitor = s;
    else
        drop(p);
    return true;
}

void front_visitor_bytes(struct front *f, struct stream *s, const struct addr *from,
                         const struct lease *lease, uint64_t idle_ms)
{
    char visitor[VISIT_HEAD_VISITOR_SIZE];
    struct net at;
    net_of(from, &at);
    visit_head_visitor(from, visitor);
    f->spec.counts->visitors++;
    bool room = f->count < f->spec.max_visitors;
    f->spec.counts->turned_away += !room;
    if (room &&
        front_bytes_begin(f, s, &at, visitor, lease, (enum visit_head_via)lease->kind, idle_ms))
        return;
    stream_reset(s);
    stream_free(s);
}

size_t front_bytes_drop(struct front *f, const uint8_t *id)
{
    struct passenger *next;
    size_t n = 0;
    for (struct passenger *p = f->passengers; p; p = next) {
        next = p->next;
        if (id && memcmp(p->id, id, sizeof(p->id)) != 0)
            continue;
        drop(p);
        n++;
    }
    return n;
}

size_t front_bytes_drop_from(struct front *f, bool (*matches)(void *arg, const struct net *from),
                             void *arg)
{
    struct passenger *next;
    size_t n = 0;
    for (struct passenger *p = f->passengers; p; p = next) {
        next = p->next;
        if (!matches(arg, &p->from))
            continue;
        drop(p);
        n++;
    }
    return n;
}
