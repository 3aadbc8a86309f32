/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "relay/ports_parts.h"
#include "stream/datagram.h"

enum { SWEEP_MS = 5000 };

static uint64_t wall(const struct ports *p)
{
    return p->spec.clock->wall_ms(p->spec.clock->arg);
}

const struct lease *ports_serves(const struct port *port)
{
    const struct ports *p = port->ports;
    const struct lease *l = lease_by_id(p->spec.store, port->id, wall(p));
    return l && l->kind == port->kind && terms_offers(p->spec.terms, l->kind) ? l : NULL;
}

/* ---- ports ---------------------------------------------------------------------------------- */

static size_t shut(struct port *port)
{
    struct ports *p = port->ports;
    size_t n = port->kind == RESERVATION_TCP ? ports_tcp_close(port) : ports_udp_close(port);
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
        n += ports_udp_drop(port, matches, arg);
    return n;
}

/* ---- what they stand on --------------------------------------------------------------------- */

/* To this process or another. */
static bool is_here(const struct ports *p, const struct peer_id *peer)
{
    struct host_peer shown;
    return host_find(p->spec.host, peer, &shown);
}

void ports_sweep(struct ports *p)
{
    struct port *next;
    for (struct port *port = p->open; port; port = next) {
        next = port->next;
        if (!ports_serves(port) || !is_here(p, &port->owner))
            shut(port);
    }
}

static void on_sweep(void *arg)
{
    struct ports *p = arg;
    ports_sweep(p);
    loop_timer_set(&p->sweep, SWEEP_MS);
}

/* Whoever comes now is refused by the system. */
void ports_gone(struct ports *p, const struct peer_id *peer)
{
    struct port *next;
    if (is_here(p, peer))
        return; /* it has another connection */
    for (struct port *port = p->open; port; port = next) {
        next = port->next;
        if (peer_id_equal(&port->owner, peer))
            shut(port);
    }
}

static void on_down(void *arg, const struct peer_id *peer)
{
    ports_gone(arg, peer);
}

/* What a source may make it hold: a datagram each way that the other end has not taken. */
static size_t fit(const struct ports_spec *s)
{
    uint64_t n = s->max_memory / (2 * (uint64_t)DATAGRAM_ROOM);
    return s->max_memory == 0 || n > s->max_visitors ? s->max_visitors : (size_t)n;
}

int ports_new(const struct ports_spec *spec, struct ports **out)
{
    struct ports *p = calloc(1, sizeof(*p));
    if (!p)
        return BEAM_ENOMEM;
    p->spec = *spec;
    p->most = fit(spec);
    if (map_new(spec->rng, spec->max_ports, &p->by_id) < 0 ||
        recent_new(spec->rng, &p->recent) < 0) {
        map_free(p->by_id);
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

size_t ports_sources(const struct ports *p)
{
    return p->sources;
}

size_t ports_sources_of(const struct ports *p, const uint8_t id[RESERVATION_ID_SIZE])
{
    const struct port *port = map_get(p->by_id, id, RESERVATION_ID_SIZE);
    return port ? port->sources : 0;
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
    recent_free(p->recent);
    free(p);
}
