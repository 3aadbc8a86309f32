/* SPDX-License-Identifier: BSD-3-Clause */
/* Datagrams to a port. */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "relay/flow.h"
#include "relay/ports_parts.h"
#include "stream/datagrams.h"

enum {
    OPEN_MS = 10000,        /* for a visit to begin */
    PENDING_MAX = 8 * 1024, /* bytes that wait for a visit to begin */
    OVER_MS = 10000,        /* how long one that its owner ended takes no more */
    AGAIN_MS = 4000         /* who has no answer asks again within so long */
};

/* A source, and the address of ours that it sends to. Without padding, for its bytes are a key. */
struct source {
    uint8_t from[16], to[16];
    uint32_t scope; /* of an IPv6 link-local address */
    uint16_t port, family;
};

struct ports_flow {
    struct ports_flow *next, **link; /* among those of the port that were answered, or were not */
    struct port *port;
    struct source key;
    struct listen_way way;
    struct net from;
    struct flow state;
    struct visit_open *opening;
    struct buf pending; /* until the visit has begun */
    struct datagrams *visit;
    bool over; /* the owner ended it */
    struct loop_timer timer;
};

static struct counts *counts_of(const struct port *port)
{
    return port->ports->spec.counts;
}

/* ---- flows ---------------------------------------------------------------------------------- */

static bool has_room(const struct port *port)
{
    const struct ports *p = port->ports;
    return p->sources < p->most && port->sources < p->spec.max_streams;
}

/* Whether a source may come to this port at all; then it is counted there until `leave`. */
static bool enter(struct port *port, const struct net *from)
{
    struct ports *p = port->ports;
    struct traffic *t = p->spec.traffic;
    uint64_t wait_ms;
    const struct lease *lease = ports_serves(port);
    if (traffic_sleeps(t) || traffic_tunnel_sleeps(t, port->id)) {
        front_refused(p->spec.front, lease, TERMS_TRAFFIC);
        return false;
    }
    if (!lease || !guard_enter(p->spec.guard, from)) {
        p->spec.counts->turned_away++;
        return false;
    }
    if (!guard_request(p->spec.guard, from, &port->owner, loop_now(p->spec.loop), &wait_ms)) {
        guard_leave(p->spec.guard, from);
        p->spec.counts->put_off++;
        return false;
    }
    port->sources++;
    p->sources++;
    return true;
}

static void leave(struct port *port, const struct net *from)
{
    guard_leave(port->ports->spec.guard, from);
    port->sources--;
    port->ports->sources--;
}

static bool read_source(const struct listen_way *way, struct source *out)
{
    memset(out, 0, sizeof(*out));
    memcpy(out->to, way->to, sizeof(out->to));
    out->family = way->from.ss.ss_family;
    out->port = addr_port(&way->from);
    if (out->family == AF_INET) {
        const struct sockaddr_in *a = (const void *)&way->from.ss;
        memcpy(out->from, &a->sin_addr, sizeof(a->sin_addr));
    } else if (out->family == AF_INET6) {
        const struct sockaddr_in6 *a = (const void *)&way->from.ss;
        memcpy(out->from, &a->sin6_addr, sizeof(a->sin6_addr));
        out->scope = a->sin6_scope_id;
    }
    return out->port != 0;
}

static void quiet(struct ports_flow *f)
{
    visit_open_cancel(f->opening);
    datagrams_free(f->visit);
    buf_clear(&f->pending);
    f->opening = NULL;
    f->visit = NULL;
}

static void append(struct ports_flow *f, struct ports_flows *list)
{
    f->next = NULL;
    f->link = list->last;
    *list->last = f;
    list->last = &f->next;
}

static void take_out(struct ports_flow *f)
{
    struct ports_flows *list = f->state.ever ? &f->port->answered : &f->port->silent;
    *f->link = f->next;
    if (f->next)
        f->next->link = f->link;
    else
        list->last = f->link;
}

static void forget(struct ports_flow *f)
{
    quiet(f);
    loop_timer_clear(&f->timer);
    map_take(f->port->by_source, &f->key, sizeof(f->key));
    take_out(f);
    leave(f->port, &f->from);
    free(f);
}

/* The owner wants no more of it. Its place is kept for a while, so that each datagram that comes
 * nevertheless does not begin another visit. */
static void end(struct ports_flow *f)
{
    quiet(f);
    f->over = true;
    loop_timer_set(&f->timer, OVER_MS);
}

static void on_timer(void *arg)
{
    struct ports_flow *f = arg;
    const struct ports_spec *s = &f->port->ports->spec;
    uint64_t now = loop_now(s->loop), due = flow_ends(&f->state, s->udp_idle_ms);
    if (f->over || due <= now)
        forget(f);
    else
        loop_timer_set(&f->timer, due - now);
}

/* ---- traffic -------------------------------------------------------------------------------- */

/* All of a datagram passes, or none. */
static bool passes(struct port *port, size_t len)
{
    struct traffic *t = port->ports->spec.traffic;
    uint64_t wait_ms;
    if (!traffic_limited(t) || len == 0)
        return true;
    size_t n = traffic_take(t, port->account, len, &wait_ms);
    if (n == len)
        return true;
    traffic_give_back(t, port->account, n);
    return false;
}

/* ---- to the visitor ------------------------------------------------------------------------- */

static bool says(struct ports_flow *f, size_t len)
{
    bool first = !f->state.ever;
    if (first)
        take_out(f);
    bool may = flow_say(&f->state, len);
    if (first)
        append(f, f->state.ever ? &f->port->answered : &f->port->silent);
    return may;
}

static void on_datagram(void *arg, const uint8_t *data, size_t len)
{
    struct ports_flow *f = arg;
    struct port *port = f->port;
    if (says(f, len) && passes(port, len) &&
        listen_answer(port->datagrams, &f->way, data, len) == 0)
        counts_of(port)->datagrams_out++;
    else
        counts_of(port)->datagrams_dropped++;
}

static void on_ended(void *arg, int err)
{
    (void)err;
    end(arg);
}

/* ---- to the owner --------------------------------------------------------------------------- */

static void deliver(struct ports_flow *f, const uint8_t *data, size_t len)
{
    int err = f->over    ? BEAM_ECLOSED
              : f->visit ? datagrams_send(f->visit, data, len)
                         : datagram_put(&f->pending, data, len);
    if (err < 0)
        counts_of(f->port)->datagrams_dropped++;
}

static void on_opened(void *arg, int err, struct stream *s)
{
    struct ports_flow *f = arg;
    const struct datagrams_events events = {.datagram = on_datagram, .ended = on_ended, .arg = f};
    uint8_t data[DATAGRAM_MAX];
    struct buf pending = f->pending;
    ssize_t n;
    f->opening = NULL;
    if (err == 0)
        err = datagrams_new(f->port->ports->spec.loop, s, &events, &f->visit);
    if (err < 0) {
        end(f);
        return;
    }
    buf_init(&f->pending, loop_pool(f->port->ports->spec.loop), PENDING_MAX);
    while ((n = datagram_take(&pending, data)) >= 0)
        deliver(f, data, (size_t)n);
    buf_clear(&pending);
}

/* ---- sources -------------------------------------------------------------------------------- */

/* Forged sources do not come again, and who is there does: when there is no room, one who was heard
 * a short while ago takes the place of the one that is longest without an answer. */
static bool takes_room(struct port *port, const struct source *key, const struct net *from)
{
    struct ports *p = port->ports;
    bool room = has_room(port);
    if (!room && (!recent_hear(p->recent, key, sizeof(*key), loop_now(p->spec.loop), AGAIN_MS) ||
                  !port->silent.first)) {
        p->spec.counts->turned_away++;
        return false;
    }
    if (!enter(port, from))
        return false;
    if (!room)
        forget(port->silent.first);
    return true;
}

static int visit(struct ports_flow *f)
{
    const struct ports_spec *s = &f->port->ports->spec;
    struct visit_head head = {.via = VISIT_HEAD_UDP};
    memcpy(head.id, f->port->id, sizeof(head.id));
    if (f->port->tell && s->visitor_addresses)
        visit_head_visitor(&f->way.from, head.visitor);
    if (!visit_open_may(s->host, s->guard, &f->port->owner)) {
        s->counts->away++;
        return BEAM_EUNREACH;
    }
    return visit_open_start(s->loop, s->host, &f->port->owner, &head, OPEN_MS, on_opened, f,
                            &f->opening);
}

static struct ports_flow *begin(struct port *port, const struct source *key,
                                const struct listen_way *way)
{
    const struct ports_spec *s = &port->ports->spec;
    struct net from;
    net_of(&way->from, &from);
    if (!takes_room(port, key, &from))
        return NULL;
    struct ports_flow *f = calloc(1, sizeof(*f));
    if (!f || map_put(port->by_source, key, sizeof(*key), f) < 0) {
        free(f);
        leave(port, &from);
        return NULL;
    }
    f->port = port;
    f->key = *key;
    f->way = *way;
    f->from = from;
    flow_begin(&f->state, loop_now(s->loop));
    buf_init(&f->pending, loop_pool(s->loop), PENDING_MAX);
    loop_timer_init(s->loop, &f->timer, on_timer, f);
    loop_timer_set(&f->timer, FLOW_SILENT_MS);
    append(f, &port->silent);
    s->counts->flows++;
    if (visit(f) < 0)
        end(f);
    return f;
}

static void on_received(void *arg, const struct listen_way *way, const uint8_t *data, size_t len)
{
    struct port *port = arg;
    struct ports_flow *f = NULL;
    struct source key;
    counts_of(port)->datagrams_in++;
    if (read_source(way, &key)) {
        f = map_get(port->by_source, &key, sizeof(key));
        f = f ? f : begin(port, &key, way);
    }
    if (!f || f->over || !passes(port, len)) {
        counts_of(port)->datagrams_dropped++;
        return;
    }
    flow_hear(&f->state, len, loop_now(port->ports->spec.loop));
    deliver(f, data, len);
}

/* ---- the port ------------------------------------------------------------------------------- */

int ports_udp_open(struct port *port, const struct addr *at)
{
    const struct ports_spec *s = &port->ports->spec;
    port->answered.last = &port->answered.first;
    port->silent.last = &port->silent.first;
    port->account = traffic_hold(s->traffic, port->id);
    int err = map_new(s->rng, s->max_streams, &port->by_source);
    return err < 0 ? err
                   : listen_datagrams(s->loop, s->permit, at, on_received, port, &port->datagrams);
}

static size_t drop_of(const struct ports_flows *list,
                      bool (*matches)(void *arg, const struct net *from), void *arg)
{
    struct ports_flow *next;
    size_t n = 0;
    for (struct ports_flow *f = list->first; f; f = next) {
        next = f->next;
        if (matches && !matches(arg, &f->from))
            continue;
        forget(f);
        n++;
    }
    return n;
}

size_t ports_udp_drop(struct port *port, bool (*matches)(void *arg, const struct net *from),
                      void *arg)
{
    return drop_of(&port->answered, matches, arg) + drop_of(&port->silent, matches, arg);
}

size_t ports_udp_close(struct port *port)
{
    listen_datagrams_close(port->datagrams);
    port->datagrams = NULL;
    size_t n = ports_udp_drop(port, NULL, NULL);
    map_free(port->by_source);
    port->by_source = NULL;
    traffic_release(port->ports->spec.traffic, port->account);
    port->account = NULL;
    return n;
}
