/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "relay/ports_parts.h"
#include "stream/datagram.h"

enum {
    OPEN_MS = 10000, /* for a visit to begin */
    SWEEP_MS = 5000,
    WINDOW_MAX = 256 * 1024, /* bytes a connection may make us hold, each way */
    WINDOW_MIN = 16 * 1024
};

static uint64_t wall(const struct ports *p)
{
    return p->spec.clock->wall_ms(p->spec.clock->arg);
}

/* ---- visitors ------------------------------------------------------------------------------- */

/* Whether it is somebody's still, and of a kind that the operator offers. */
static bool serves(const struct port *port)
{
    const struct ports *p = port->ports;
    const struct lease *l = lease_by_id(p->spec.store, port->id, wall(p));
    return l && l->kind == port->kind && terms_offers(p->spec.terms, l->kind);
}

static bool has_room(const struct port *port)
{
    const struct ports *p = port->ports;
    return p->visitors < p->most && port->visitors < p->spec.max_streams &&
           !traffic_sleeps(p->spec.traffic) && !traffic_tunnel_sleeps(p->spec.traffic, port->id);
}

bool ports_enter(struct port *port, const struct net *from)
{
    struct ports *p = port->ports;
    uint64_t wait_ms;
    if (!has_room(port) || !serves(port) || !guard_enter(p->spec.guard, from)) {
        p->spec.counts->turned_away++;
        return false;
    }
    if (!guard_request(p->spec.guard, from, &port->owner, loop_now(p->spec.loop), &wait_ms)) {
        guard_leave(p->spec.guard, from);
        p->spec.counts->put_off++;
        return false;
    }
    port->visitors++;
    p->visitors++;
    return true;
}

void ports_leave(struct port *port, const struct net *from)
{
    guard_leave(port->ports->spec.guard, from);
    port->visitors--;
    port->ports->visitors--;
}

int ports_visit(struct port *port, const struct addr *from, uint64_t via, visit_open_fn *done,
                void *arg, struct visit_open **out)
{
    const struct ports_spec *s = &port->ports->spec;
    struct visit_head head = {.via = via};
    memcpy(head.id, port->id, sizeof(head.id));
    if (port->tell && s->visitor_addresses)
        visit_head_visitor(from, head.visitor);
    if (!visit_open_may(s->host, s->guard, &port->owner)) {
        s->counts->away++;
        return BEAM_EUNREACH;
    }
    return visit_open_start(s->loop, s->host, &port->owner, &head, OPEN_MS, done, arg, out);
}

/* ---- ports ---------------------------------------------------------------------------------- */

static size_t shut(struct port *port)
{
    struct ports *p = port->ports;
    size_t n = port->visitors;
    ports_tcp_close(port);
    ports_udp_close(port);
    traffic_release(p->spec.traffic, port->account);
    map_take(p->by_id, port->id, sizeof(port->id));
    *port->link = port->next;
    if (port->next)
        port->next->link = port->link;
    free(port);
    return n;
}

static struct addr place_of(const struct ports *p, uint16_t number)
{
    struct addr at = p->spec.at;
    addr_set_port(&at, number);
    return at;
}

static int listen_at(struct port *port, uint16_t number)
{
    struct addr at = place_of(port->ports, number);
    return port->kind == RESERVATION_TCP ? ports_tcp_open(port, &at) : ports_udp_open(port, &at);
}

static struct port *make(struct ports *p, const struct lease *lease)
{
    struct port *port = calloc(1, sizeof(*port));
    if (!port)
        return NULL;
    *port = (struct port){.ports = p, .owner = lease->owner, .kind = lease->kind};
    memcpy(port->id, lease->id, sizeof(port->id));
    if (map_put(p->by_id, port->id, sizeof(port->id), port) < 0) {
        free(port);
        return NULL;
    }
    port->account = traffic_hold(p->spec.traffic, port->id);
    port->next = p->open;
    port->link = &p->open;
    if (port->next)
        port->next->link = &port->next;
    p->open = port;
    return port;
}

int ports_open(struct ports *p, const struct lease *lease)
{
    struct port *port = map_get(p->by_id, lease->id, sizeof(lease->id));
    if (port && port->kind != lease->kind) {
        shut(port);
        port = NULL;
    }
    if (port) {
        port->tell = lease->visitor_address;
        return 0;
    }
    if (map_count(p->by_id) >= p->spec.max_ports)
        return BEAM_ELIMIT;
    port = make(p, lease);
    if (!port)
        return BEAM_ENOMEM;
    port->tell = lease->visitor_address;
    int err = listen_at(port, lease->port);
    if (err < 0) {
        log_warn("relay", "port %u of %s cannot be listened at: %s", (unsigned)lease->port,
                 reservation_kind_text(lease->kind), beam_err_text(err));
        shut(port);
    }
    return err;
}

size_t ports_close(struct ports *p, const uint8_t id[RESERVATION_ID_SIZE])
{
    struct port *port = map_get(p->by_id, id, RESERVATION_ID_SIZE);
    return port ? shut(port) : 0;
}

size_t ports_drop_from(struct ports *p, bool (*matches)(void *arg, const struct net *from),
                       void *arg)
{
    size_t n = 0;
    for (struct port *port = p->open; port; port = port->next)
        n += ports_tcp_drop(port, matches, arg) + ports_udp_drop(port, matches, arg);
    return n;
}

/* ---- what they stand on --------------------------------------------------------------------- */

void ports_sweep(struct ports *p)
{
    struct port *next;
    for (struct port *port = p->open; port; port = next) {
        next = port->next;
        if (!serves(port))
            shut(port);
    }
}

static void on_sweep(void *arg)
{
    struct ports *p = arg;
    ports_sweep(p);
    loop_timer_set(&p->sweep, SWEEP_MS);
}

/* The owner has gone: whoever comes now is refused by the system. */
static void on_down(void *arg, const struct peer_id *peer)
{
    struct ports *p = arg;
    struct port *next;
    for (struct port *port = p->open; port; port = next) {
        next = port->next;
        if (peer_id_equal(&port->owner, peer))
            shut(port);
    }
}

/* As many as there is memory for at the least; what is left is shared by the connections. */
static void share(struct ports *p)
{
    const struct ports_spec *s = &p->spec;
    p->most = s->max_visitors;
    p->window = WINDOW_MAX;
    if (s->max_memory == 0)
        return;
    size_t least = 2 * (size_t)DATAGRAM_ROOM; /* a source of datagrams; more than two windows */
    uint64_t fit = s->max_memory / least;
    if (fit < p->most)
        p->most = (size_t)fit;
    uint64_t window = p->most > 0 ? s->max_memory / p->most / 2 : WINDOW_MIN;
    p->window = (size_t)(window < WINDOW_MIN   ? WINDOW_MIN
                         : window < WINDOW_MAX ? window
                                               : WINDOW_MAX);
}

int ports_new(const struct ports_spec *spec, struct ports **out)
{
    struct ports *p = calloc(1, sizeof(*p));
    if (!p)
        return BEAM_ENOMEM;
    p->spec = *spec;
    share(p);
    if (map_new(spec->rng, spec->max_ports, &p->by_id) < 0) {
        free(p);
        return BEAM_ENOMEM;
    }
    p->watch = (struct host_watch){.down = on_down, .arg = p};
    host_watch(spec->host, &p->watch);
    loop_timer_init(spec->loop, &p->sweep, on_sweep, p);
    loop_timer_set(&p->sweep, SWEEP_MS);
    *out = p;
    return 0;
}

size_t ports_visitors(const struct ports *p)
{
    return p->visitors;
}

size_t ports_visitors_of(const struct ports *p, const uint8_t id[RESERVATION_ID_SIZE])
{
    const struct port *port = map_get(p->by_id, id, RESERVATION_ID_SIZE);
    return port ? port->visitors : 0;
}

size_t ports_count(const struct ports *p)
{
    return map_count(p->by_id);
}

void ports_free(struct ports *p)
{
    if (!p)
        return;
    loop_timer_clear(&p->sweep);
    host_unwatch(&p->watch);
    while (p->open)
        shut(p->open);
    map_free(p->by_id);
    free(p);
}
