/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/host.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "p2p/arrival.h"
#include "p2p/connect.h"
#include "p2p/core.h"
#include "p2p/identify.h"
#include "p2p/open.h"
#include "p2p/ping.h"
#include "p2p/standing.h"
#include "stream/socket.h"

/* ---- its life ------------------------------------------------------------------------------- */

static void on_down(void *arg, const struct peer_id *id);

static int self_id(const struct key_pair *key, struct peer_id *out)
{
    struct key_public public;
    key_pair_public(key, &public);
    return peer_id_from_key(&public, out);
}

int host_new(const struct host_spec *spec, struct host **out)
{
    struct host *h = calloc(1, sizeof(*h));
    if (!h)
        return BEAM_ENOMEM;
    h->spec = *spec;
    limits_default(&h->spec.limits);
    h->budget.total = h->spec.limits.memory;
    const struct pool_events events = {.down = on_down, .arg = h};
    int err = self_id(spec->key, &h->id);
    if (err == 0)
        err = pool_init(&h->pool, spec->loop, spec->rng, &h->spec.limits, &h->id, &events);
    if (err == 0)
        err = address_book_new(spec->rng, CORE_BOOK_PEERS, &h->book);
    if (err == 0)
        err = hearsay_new(spec->rng, &h->hearsay);
    if (err == 0)
        err = standing_init(h);
    if (err == 0)
        err = identify_serve(h);
    if (err == 0)
        err = ping_serve(h);
    if (err < 0) {
        host_free(h);
        return err;
    }
    *out = h;
    return 0;
}

static void place_free(struct core_place *p)
{
    listen_close(p->listener);
    free(p);
}

void host_free(struct host *h)
{
    if (!h)
        return;
    for (size_t i = 0; i < h->place_count; i++)
        place_free(h->places[i]);
    /* Those that hold another's handle before those that they hold. */
    identify_clear(h);
    ping_clear(h);
    open_clear(h);
    connect_clear(h);
    arrival_clear(h);
    pool_clear(&h->pool);
    address_book_free(h->book);
    hearsay_free(h->hearsay);
    standing_clear(h);
    handlers_clear(&h->handlers);
    while (h->watches)
        host_unwatch(h->watches);
    free(h);
}

const struct peer_id *host_id(const struct host *h)
{
    return &h->id;
}

/* ---- where it is reached -------------------------------------------------------------------- */

static void on_accept(void *arg, int fd)
{
    struct core_place *p = arg;
    struct stream *s;
    struct addr from;
    struct multiaddr text = {0};
    bool known = listen_from(fd, &from) == 0;
    if (known && multiaddr_from_addr(&from, MULTIADDR_TCP, &text) < 0)
        text.len = 0;
    const struct arrival_spec spec = {.way = WAY_DIRECT, .at = known ? &from : NULL, .from = &text};
    int err = stream_socket(p->host->spec.loop, fd, &s);
    if (err < 0)
        log_warn("p2p", "a connection was turned away: %s", beam_err_text(err));
    else
        arrival_start(p->host, s, &spec);
}

/* /ip4|ip6/…/tcp/PORT and nothing else, port 0 included. */
static int listen_at(const struct multiaddr *a, struct addr *out)
{
    struct multiaddr_part ip, tcp, rest;
    struct addr at = {.len = 0};
    size_t pos = 0;
    if (!multiaddr_next(a, &pos, &ip) || !multiaddr_next(a, &pos, &tcp) ||
        multiaddr_next(a, &pos, &rest) || tcp.code != MULTIADDR_TCP)
        return BEAM_EINVAL;
    if (ip.code == MULTIADDR_IP4) {
        struct sockaddr_in *in = (struct sockaddr_in *)&at.ss;
        in->sin_family = AF_INET;
        memcpy(&in->sin_addr, ip.at, sizeof(in->sin_addr));
        memcpy(&in->sin_port, tcp.at, sizeof(in->sin_port));
        at.len = sizeof(*in);
    } else if (ip.code == MULTIADDR_IP6) {
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&at.ss;
        in6->sin6_family = AF_INET6;
        memcpy(&in6->sin6_addr, ip.at, sizeof(in6->sin6_addr));
        memcpy(&in6->sin6_port, tcp.at, sizeof(in6->sin6_port));
        at.len = sizeof(*in6);
    } else {
        return BEAM_EINVAL;
    }
    *out = at;
    return 0;
}

static int add_place(struct host *h, const struct multiaddr *addr, struct core_place **out)
{
    if (h->place_count == CORE_PLACES_MAX)
        return BEAM_ELIMIT;
    struct core_place *p = calloc(1, sizeof(*p));
    if (!p)
        return BEAM_ENOMEM;
    *p = (struct core_place){.host = h, .addr = *addr};
    h->places[h->place_count++] = p;
    *out = p;
    return 0;
}

static void drop_place(struct host *h, size_t i)
{
    place_free(h->places[i]);
    h->place_count--;
    memmove(&h->places[i], &h->places[i + 1], (h->place_count - i) * sizeof(h->places[0]));
}

static void changed(struct host *h)
{
    h->changes++;
    identify_push(h);
}

static int read_listen(const struct multiaddr *at, struct addr *out, struct beam_why *why)
{
    char text[MULTIADDR_TEXT_SIZE];
    int err = listen_at(at, out);
    if (err == 0)
        return 0;
    multiaddr_text(at, text);
    return beam_why(why, err,
                    "%s: nothing listens at such an address here (one of /ip4/ADDRESS/tcp/PORT "
                    "and /ip6/ADDRESS/tcp/PORT)",
                    text);
}

int host_listenable(const struct multiaddr *at, struct beam_why *why)
{
    struct addr addr;
    return read_listen(at, &addr, why);
}

int host_listen(struct host *h, const struct multiaddr *at, struct beam_why *why)
{
    char text[MULTIADDR_TEXT_SIZE];
    struct addr addr;
    struct core_place *p;
    multiaddr_text(at, text);
    int err = read_listen(at, &addr, why);
    if (err == 0)
        err = permit_check_listen(h->spec.permit, &addr, why);
    if (err < 0)
        return err;
    err = add_place(h, at, &p);
    if (err < 0)
        return beam_why(why, err, "%s: %s", text, beam_err_text(err));
    err = listen_shared(h->spec.loop, h->spec.permit, &addr, h->spec.sharing, on_accept, p,
                        &p->listener);
    if (err == 0)
        err = multiaddr_from_addr(listen_addr(p->listener), MULTIADDR_TCP, &p->addr);
    if (err < 0) {
        drop_place(h, h->place_count - 1);
        return beam_why(why, err, "%s: cannot listen there: %s", text, listen_words(err));
    }
    changed(h);
    return 0;
}

void host_accept(struct host *h, struct stream *s, enum way way, const struct multiaddr *from)
{
    const struct arrival_spec spec = {.way = way, .from = from};
    arrival_start(h, s, &spec);
}

void host_accept_circuit(struct host *h, struct stream *s, const struct multiaddr *from,
                         const struct peer_id *peer, const struct way_limit *limit)
{
    const struct arrival_spec spec = {
        .way = WAY_CIRCUIT, .from = from, .expect = peer, .limit = *limit};
    arrival_start(h, s, &spec);
}

void host_circuits(struct host *h, const struct way_circuit *way)
{
    h->circuit = way ? *way : (struct way_circuit){.dial = NULL};
}

int host_announce(struct host *h, const struct multiaddr *addr, bool on)
{
    struct core_place *p;
    size_t i = 0;
    int err = 0;
    while (i < h->place_count && !multiaddr_equal(&h->places[i]->addr, addr))
        i++;
    if (on == (i < h->place_count))
        return 0;
    if (on)
        err = add_place(h, addr, &p);
    else
        drop_place(h, i);
    if (err == 0)
        changed(h);
    return err;
}

const struct multiaddr *host_addr(const struct host *h, size_t i)
{
    return i < h->place_count ? &h->places[i]->addr : NULL;
}

/* ---- protocols ------------------------------------------------------------------------------ */

int host_handle(struct host *h, const char *protocol, host_stream_fn *fn, void *arg)
{
    return handlers_add(&h->handlers, protocol, fn, arg);
}

void host_unhandle(struct host *h, const char *protocol)
{
    (void)handlers_remove(&h->handlers, protocol);
}

static bool on_room(void *arg)
{
    return core_room(arg, false);
}

static bool on_supports(void *arg, const char *protocol, size_t len)
{
    struct host *h = arg;
    return handlers_find(&h->handlers, protocol, len) != NULL;
}

void core_hand(struct host *h, struct stream *s, const char *protocol, const struct host_peer *peer)
{
    const struct handler *found = handlers_find(&h->handlers, protocol, strlen(protocol));
    if (found) {
        found->fn(found->arg, s, peer);
        return;
    }
    stream_reset(s);
    stream_free(s);
}

static void on_stream(void *arg, struct conn *c, struct stream *s, const char *protocol)
{
    struct host_peer peer;
    core_show(c, &peer);
    if (standing_serves(arg, &peer, protocol)) {
        core_hand(arg, s, protocol, &peer);
        return;
    }
    stream_reset(s);
    stream_free(s);
}

/* ---- connections ---------------------------------------------------------------------------- */

bool core_room(struct host *h, bool ours)
{
    size_t all = h->spec.limits.streams, most = ours ? all : all - all / 4;
    /* The count is from above, for streams end unheard; it is made anew when it matters. */
    if (h->streams >= most)
        h->streams = pool_streams(&h->pool);
    if (h->streams >= most)
        return false;
    h->streams++;
    return true;
}

static void log_conn(const struct conn *c, const char *what, const char *more)
{
    char text[PEER_ID_TEXT_SIZE];
    peer_id_text(&c->spec.peer, text);
    log_info("p2p", "connection %llu (%s, %s) with %s %s%s", (unsigned long long)c->serial,
             way_name(c->spec.way), c->spec.inbound ? "in" : "out", log_scrub(text), what, more);
}

static void on_closed(void *arg, struct conn *c, int err, const struct beam_why *why)
{
    struct host *h = arg;
    log_conn(c, "ended: ", why ? why->text : beam_err_text(err));
    pool_drop(&h->pool, c);
}

/* Whoever hears of it may end it. */
static void tell_up(struct host *h, uint64_t serial)
{
    for (struct host_watch *w = h->watches, *next; w; w = next) {
        struct host_peer shown;
        const struct conn *c = pool_by_serial(&h->pool, serial);
        next = w->next;
        if (!c)
            return;
        core_show(c, &shown);
        if (w->up)
            w->up(w->arg, &shown);
    }
}

bool core_may_learn(const struct host *h, const struct multiaddr *addr)
{
    struct way_target way;
    unsigned means = (h->spec.tor.dial ? WAY_BY_TOR : 0u) | (h->circuit.dial ? WAY_BY_CIRCUIT : 0u);
    return way_find(addr, h->spec.permit, PERMIT_LEARNED, means, &way, NULL) == 0;
}

/* Where a peer was reached once it may be again, though by then nobody has typed the address. */
static void note_reached(struct host *h, const struct core_link *link)
{
    if (!link->source && link->addr && core_may_learn(h, link->addr))
        host_learn(h, link->peer, link->addr, 1, ADDRESS_PROVEN, HOST_REACHED_MS);
}

int core_adopt(struct host *h, const struct core_link *link, struct beam_why *why)
{
    struct conn_spec spec = {.loop = h->spec.loop,
                             .limits = &h->spec.limits,
                             .budget = &h->budget,
                             .peer = *link->peer,
                             .way = link->way,
                             .limit = link->limit,
                             .inbound = link->source != NULL};
    const struct conn_events events = {.room = on_room,
                                       .supports = on_supports,
                                       .stream = on_stream,
                                       .closed = on_closed,
                                       .arg = h};
    struct conn *c;
    if (link->addr)
        multiaddr_without_peer(link->addr, &spec.addr);
    if (link->source)
        spec.source = *link->source;
    int err = conn_new(link->secured, &spec, &events, &c);
    if (err < 0)
        return beam_why(why, err, "%s", beam_err_text(err));
    err = standing_enter(h, link->peer, link->addr, why);
    if (err == 0 && link->source)
        err = standing_admit(h, link->peer, why);
    if (err == 0)
        err = pool_add(&h->pool, c, why);
    if (err < 0) {
        conn_free(c);
        return err;
    }
    log_conn(c, "is up", "");
    note_reached(h, link);
    identify_ask(h, c);
    connect_found(h, c);
    if (!c->peer_next)
        tell_up(h, c->serial);
    return 0;
}

void core_show(const struct conn *c, struct host_peer *out)
{
    const struct peer *peer = c->owner;
    *out = (struct host_peer){
        .id = &c->spec.peer,
        .addr = &c->spec.addr,
        .way = c->spec.way,
        .inbound = c->spec.inbound,
        .agent = peer->agent,
        .since = c->since,
        .streams = conn_streams(c),
        .rtt_us = c->rtt_us,
        .serial = c->serial,
    };
}

/* ---- peers ---------------------------------------------------------------------------------- */

static void on_down(void *arg, const struct peer_id *id)
{
    struct host *h = arg;
    for (struct host_watch *w = h->watches, *next; w; w = next) {
        next = w->next;
        if (w->down)
            w->down(w->arg, id);
    }
}

void core_identified(struct host *h, const struct conn *c)
{
    uint64_t serial = c->serial;
    for (struct host_watch *w = h->watches, *next; w; w = next) {
        struct host_peer shown;
        next = w->next;
        c = pool_by_serial(&h->pool, serial);
        if (!c)
            return;
        core_show(c, &shown);
        if (w->identified)
            w->identified(w->arg, &shown);
    }
}

void host_watch(struct host *h, struct host_watch *w)
{
    w->next = h->watches;
    w->link = &h->watches;
    if (w->next)
        w->next->link = &w->next;
    h->watches = w;
}

void host_unwatch(struct host_watch *w)
{
    if (!w->link)
        return;
    *w->link = w->next;
    if (w->next)
        w->next->link = w->link;
    w->next = NULL;
    w->link = NULL;
}

void host_disconnect(struct host *h, const struct peer_id *id)
{
    for (struct peer *p = pool_peer(&h->pool, id); p && p->conns; p = pool_peer(&h->pool, id))
        pool_drop(&h->pool, p->conns);
    if (h->elsewhere.disconnect)
        h->elsewhere.disconnect(h->elsewhere.arg, id);
}

int host_keep(struct host *h, const struct peer_id *peer, bool on)
{
    int err = pool_keep(&h->pool, peer, on);
    if (err == 0 && h->elsewhere.keep && !host_connected(h, peer))
        h->elsewhere.keep(h->elsewhere.arg, peer, on);
    return err;
}

void core_elsewhere(struct host *h, const struct host_elsewhere *e)
{
    h->elsewhere = e ? *e : (struct host_elsewhere){.find = NULL};
}

void host_learn(struct host *h, const struct peer_id *peer, const struct multiaddr *addrs, size_t n,
                enum address_word word, uint64_t ttl_ms)
{
    uint64_t now = loop_now(h->spec.loop);
    for (size_t i = 0; i < n; i++) {
        const struct address_book_row row = {
            .addr = addrs[i], .origin = PERMIT_LEARNED, .word = word, .expires = now + ttl_ms};
        (void)address_book_add(h->book, peer, &row, now);
    }
}

bool host_learn_nearby(struct host *h, const struct peer_id *peer, const struct multiaddr *addr,
                       uint64_t ttl_ms)
{
    uint64_t now = loop_now(h->spec.loop);
    const struct address_book_row row = {
        .addr = *addr, .origin = PERMIT_NEARBY, .word = ADDRESS_SAID, .expires = now + ttl_ms};
    struct way_target way;
    return way_find(addr, h->spec.permit, PERMIT_NEARBY, 0, &way, NULL) == 0 &&
           address_book_add(h->book, peer, &row, now) == 0;
}

bool host_connected(const struct host *h, const struct peer_id *id)
{
    const struct peer *peer = pool_peer(&h->pool, id);
    return peer && peer->conns;
}

bool host_find(const struct host *h, const struct peer_id *id, struct host_peer *out)
{
    const struct peer *peer = pool_peer(&h->pool, id);
    const struct conn *c = peer ? pool_use(peer) : NULL;
    if (!c && peer)
        c = peer->conns;
    if (!c)
        return h->elsewhere.find && h->elsewhere.find(h->elsewhere.arg, id, out);
    core_show(c, out);
    return true;
}

bool host_next(const struct host *h, const struct conn **at, struct host_peer *out)
{
    *at = *at ? (*at)->next : h->pool.oldest;
    if (!*at)
        return false;
    core_show(*at, out);
    return true;
}

size_t host_peers(const struct host *h)
{
    return h->pool.connected;
}

size_t host_record(const struct host *h, const struct peer_id *id, uint8_t *out, size_t size)
{
    const struct peer *peer = pool_peer(&h->pool, id);
    if (!peer || !peer->record || peer->record_len > size)
        return 0;
    memcpy(out, peer->record, peer->record_len);
    return peer->record_len;
}

bool host_speaks(const struct host *h, const struct peer_id *id, const char *protocol)
{
    const struct peer *peer = pool_peer(&h->pool, id);
    if (!peer || !peer->protocols)
        return false;
    for (const char *at = peer->protocols, *end = at + peer->protocols_len; at < end;
         at += strlen(at) + 1)
        if (strcmp(at, protocol) == 0)
            return true;
    return false;
}
