/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/registrar.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/map.h"
#include "relay/lease_ports.h"
#include "stream/frame.h"

enum {
    IDLE_MS = 30000,    /* for a whole request to come */
    DESKS_MAX = 4096,   /* streams at once; the one that waits longest makes room */
    OWNERS_MAX = 65536, /* peers whose connections are kept */
    RETRY_SECONDS = 60,
    RETRY_ASLEEP_SECONDS = 3600, /* what may be carried this month is used up */
    SWEEP_MS = 60000,
    MOVES_MAX = 8 /* ports that are tried in a row */
};

/* A stream on which an owner asks. */
struct desk {
    struct registrar *registrar;
    struct desk *next, **link; /* the one that was idle longest first */
    struct peer_id owner;
    struct net from;
    struct frame *frame;
};

/* A peer with a reservation: its connections are kept while it has one. */
struct owner {
    struct peer_id id;
};

struct registrar {
    struct registrar_spec spec;
    struct desk *first, **last;
    size_t desks;
    struct map *owners;
    struct host_watch watch;
    struct loop_timer sweep;
};

static uint64_t now(const struct registrar *r)
{
    return r->spec.clock->wall_ms(r->spec.clock->arg);
}

/* ---- owners --------------------------------------------------------------------------------- */

/* One that cannot be kept is served all the same. */
static void keep(struct registrar *r, const struct peer_id *id)
{
    if (map_get(r->owners, id->bytes, id->len))
        return;
    struct owner *o = calloc(1, sizeof(*o));
    if (!o)
        return;
    o->id = *id;
    if (host_keep(r->spec.host, id, true) < 0) {
        free(o);
        return;
    }
    if (map_put(r->owners, id->bytes, id->len, o) < 0) {
        (void)host_keep(r->spec.host, id, false);
        free(o);
    }
}

static void on_down(void *arg, const struct peer_id *id)
{
    struct registrar *r = arg;
    struct owner *o = map_take(r->owners, id->bytes, id->len);
    if (o)
        (void)host_keep(r->spec.host, id, false);
    free(o);
}

void registrar_gone(struct registrar *r, const struct peer_id *id)
{
    on_down(r, id);
}

static void free_owners(struct registrar *r)
{
    struct owner *o;
    size_t at = 0;
    while (r->owners && (o = map_next(r->owners, &at)) != NULL) {
        (void)host_keep(r->spec.host, &o->id, false);
        free(o);
    }
    map_free(r->owners);
}

/* ---- answers -------------------------------------------------------------------------------- */

static void grant(const struct registrar *r, const struct lease *lease,
                  struct reservation_answer *out)
{
    memcpy(out->id, lease->id, sizeof(out->id));
    out->url_count = endpoint_urls(r->spec.base, lease, out->url);
    out->lease = (lease->expires - now(r) + 999) / 1000;
    out->max_body = r->spec.max_body;
    out->max_streams = r->spec.max_streams;
    out->visitor_address = lease->visitor_address && r->spec.visitor_addresses;
}

static void refuse(enum reservation_status status, struct reservation_answer *out)
{
    if (!out->reason[0])
        snprintf(out->reason, sizeof(out->reason), "%s", reservation_status_text(status));
    if (status == RESERVATION_BUSY && out->retry == 0)
        out->retry = RETRY_SECONDS;
}

/* Whether this owner may ask at all, and now. */
static enum reservation_status admit(struct registrar *r, const struct desk *d, bool makes_new,
                                     struct reservation_answer *out)
{
    uint64_t wait_ms = 0;
    int err;
    if (!terms_serves(r->spec.terms, &d->owner))
        return RESERVATION_BARRED;
    err = guard_ask(r->spec.guard, &d->owner, &d->from, loop_now(r->spec.loop), &wait_ms);
    if (err == BEAM_EPERM)
        return RESERVATION_BARRED;
    if (err == 0 && !(makes_new && traffic_sleeps(r->spec.traffic)))
        return RESERVATION_OK;
    out->retry = err == 0 ? RETRY_ASLEEP_SECONDS : wait_ms / 1000 + 1;
    return RESERVATION_BUSY;
}

unsigned registrar_work(const struct registrar *r)
{
    const struct registrar_spec *s = &r->spec;
    unsigned least = (unsigned)*s->work_least;
    unsigned full = (unsigned)(lease_count(s->store) * 100 / s->max_reservations);
    unsigned bits = work_bits(guard_load(s->guard, loop_now(s->loop)), full);
    return bits > least ? bits : least;
}

/* Whether enough was done for a new reservation. */
static enum reservation_status check_work(struct registrar *r, const struct peer_id *owner,
                                          const struct reservation_request *request,
                                          struct reservation_answer *out)
{
    unsigned bits = registrar_work(r);
    uint64_t at = loop_now(r->spec.loop);
    if (bits == 0)
        return RESERVATION_OK;
    if (request->has_work) {
        int err = work_check(r->spec.work, owner, request->seed, request->nonce, at);
        if (err == 0)
            return RESERVATION_OK;
        if (err == BEAM_ELIMIT || err == BEAM_ENOMEM)
            return RESERVATION_BUSY;
    }
    work_seed(r->spec.work, owner, bits, at, out->seed);
    out->bits = bits;
    return RESERVATION_WORK;
}

/* Whether what is asked for is a host that was not there, for which a CA may be asked: each is a
 * host, its id or the name wanted. One of the owner's own that it has already is none. */
static bool is_new_name(const struct registrar *r, const struct peer_id *owner,
                        const struct reservation_request *request)
{
    if (request->verb != RESERVATION_RESERVE || request->has_id || !r->spec.base->domain[0] ||
        lease_ports_needed(request->kind))
        return false;
    const struct lease *l =
        request->name[0] ? lease_by_name(r->spec.store, request->name, now(r)) : NULL;
    return !l || !peer_id_equal(&l->owner, owner);
}

/* What only a new reservation is asked. */
static enum reservation_status judge_new(struct registrar *r, const struct desk *d,
                                         const struct reservation_request *request, bool named,
                                         struct reservation_answer *out)
{
    if (named && request->name[0] && names_refuse(*r->spec.names, request->name))
        return RESERVATION_NAME_REFUSED;
    if (is_new_name(r, &d->owner, request)) {
        uint64_t wait_ms =
            guard_name_wait(r->spec.guard, &d->owner, &d->from, loop_now(r->spec.loop));
        if (wait_ms > 0) {
            out->retry = wait_ms / 1000 + 1;
            snprintf(out->reason, sizeof(out->reason), "it gives you no more new names this hour");
            return RESERVATION_BUSY;
        }
    }
    return check_work(r, &d->owner, request, out);
}

/* A reservation of a kind that the operator does not offer is neither given nor kept up. */
static bool offers(const struct registrar *r, const struct reservation_request *request,
                   const struct lease *lease)
{
    if (lease)
        return terms_offers(r->spec.terms, lease->kind);
    return request->verb != RESERVATION_RESERVE || terms_offers(r->spec.terms, request->kind);
}

/* ---- ports ---------------------------------------------------------------------------------- */

/* The lease's port is listened at from now on, or not any more. */
static enum reservation_status settle_port(struct registrar *r, const struct lease *lease,
                                           bool is_new, struct reservation_answer *out)
{
    int err = 0;
    if (lease->port == 0) {
        (void)ports_close(r->spec.ports, lease->id); /* of another kind that it was of */
        return RESERVATION_OK;
    }
    for (int i = 0; i < MOVES_MAX; i++) {
        err = ports_open(r->spec.ports, lease);
        if (err != BEAM_EEXIST || !is_new || lease_move_port(r->spec.store, lease) < 0)
            break;
    }
    if (err == 0)
        return RESERVATION_OK;
    if (is_new)
        (void)lease_remove(r->spec.store, lease->id);
    snprintf(out->reason, sizeof(out->reason), "its port cannot be listened at now");
    return RESERVATION_BUSY;
}

static void decide(struct registrar *r, const struct desk *d,
                   const struct reservation_request *request, struct reservation_answer *out)
{
    const struct peer_id *owner = &d->owner;
    const struct lease *lease = NULL;
    bool named = r->spec.base->domain[0] != '\0', new_name = is_new_name(r, owner, request);
    enum reservation_status status =
        admit(r, d, request->verb == RESERVATION_RESERVE && !request->has_id, out);
    if (status == RESERVATION_OK && !offers(r, request, NULL))
        status = RESERVATION_UNSUPPORTED;
    if (status == RESERVATION_OK && request->verb == RESERVATION_RESERVE && !request->has_id)
        status = judge_new(r, d, request, named, out);
    if (status == RESERVATION_OK && request->has_id && guard_bars(r->spec.guard, request->id))
        status = RESERVATION_BARRED;
    if (status == RESERVATION_OK)
        status = lease_ask(r->spec.store, owner, request, named, now(r), out->token, &lease);
    if (status == RESERVATION_OK && lease && !offers(r, request, lease))
        status = RESERVATION_UNSUPPORTED;
    if (status == RESERVATION_OK && lease && r->spec.ports)
        status = settle_port(r, lease, !request->has_id, out);
    if (status == RESERVATION_OK && !lease && r->spec.ports)
        (void)ports_close(r->spec.ports, request->id); /* it is released, or forgotten */
    out->status = status;
    if (status != RESERVATION_OK) {
        sodium_memzero(out->token, sizeof(out->token));
        counts_decline(r->spec.counts, status);
        refuse(status, out);
    } else if (lease) {
        grant(r, lease, out);
        keep(r, owner);
        if (new_name)
            guard_named(r->spec.guard, owner, &d->from, loop_now(r->spec.loop));
    }
    r->spec.counts->granted += status == RESERVATION_OK;
    log_info("relay", "a request of kind %d: %s; %zu reservations", (int)request->verb,
             reservation_status_text(status), lease_count(r->spec.store));
}

static int send_answer(struct frame *f, const struct reservation_answer *answer)
{
    uint8_t bytes[RESERVATION_MAX];
    size_t len;
    int err = reservation_answer_encode(answer, bytes, sizeof(bytes), &len);
    if (err == 0)
        err = frame_send(f, bytes, len);
    sodium_memzero(bytes, sizeof(bytes));
    return err;
}

/* ---- desks ---------------------------------------------------------------------------------- */

static void put_last(struct desk *d)
{
    struct registrar *r = d->registrar;
    d->next = NULL;
    d->link = r->last;
    *r->last = d;
    r->last = &d->next;
}

static void take_out(struct desk *d)
{
    *d->link = d->next;
    if (d->next)
        d->next->link = d->link;
    else
        d->registrar->last = d->link;
}

static void close_desk(struct desk *d)
{
    take_out(d);
    d->registrar->desks--;
    frame_free(d->frame);
    free(d);
}

static void on_message(void *arg, const uint8_t *data, size_t len)
{
    struct desk *d = arg;
    struct registrar *r = d->registrar;
    struct reservation_request request;
    struct reservation_answer *answer = calloc(1, sizeof(*answer));
    int err = answer ? reservation_request_decode(data, len, &request) : BEAM_ENOMEM;
    if (err == 0) {
        decide(r, d, &request, answer);
    } else if (answer) {
        answer->status = RESERVATION_MALFORMED;
        refuse(RESERVATION_MALFORMED, answer);
    }
    sodium_memzero(&request, sizeof(request));
    if (answer && send_answer(d->frame, answer) < 0)
        err = BEAM_EIO;
    if (answer)
        sodium_memzero(answer, sizeof(*answer));
    free(answer);
    if (err < 0) {
        close_desk(d);
        return;
    }
    take_out(d);
    put_last(d);
    frame_read(d->frame, IDLE_MS);
}

static void on_ended(void *arg, int err)
{
    (void)err;
    close_desk(arg);
}

static void on_stream(void *arg, struct stream *s, const struct host_peer *peer)
{
    struct registrar *r = arg;
    struct desk *d = calloc(1, sizeof(*d));
    if (!d) {
        stream_reset(s);
        stream_free(s);
        return;
    }
    const struct frame_events events = {.message = on_message, .ended = on_ended, .arg = d};
    d->registrar = r;
    d->owner = *peer->id;
    net_of_multiaddr(peer->addr, &d->from);
    if (frame_new(r->spec.loop, s, RESERVATION_MAX, &events, &d->frame) < 0) {
        free(d);
        return;
    }
    if (r->desks == DESKS_MAX)
        close_desk(r->first);
    put_last(d);
    r->desks++;
    frame_read(d->frame, IDLE_MS);
}

/* ---- the registrar -------------------------------------------------------------------------- */

static void on_sweep(void *arg)
{
    struct registrar *r = arg;
    lease_sweep(r->spec.store, now(r));
    loop_timer_set(&r->sweep, SWEEP_MS);
}

int registrar_new(const struct registrar_spec *spec, struct registrar **out)
{
    struct registrar *r = calloc(1, sizeof(*r));
    if (!r)
        return BEAM_ENOMEM;
    r->spec = *spec;
    r->last = &r->first;
    r->watch = (struct host_watch){.down = on_down, .arg = r};
    loop_timer_init(spec->loop, &r->sweep, on_sweep, r);
    int err = map_new(rng_system(), OWNERS_MAX, &r->owners);
    if (err == 0)
        err = host_handle(spec->host, RESERVATION_PROTOCOL, on_stream, r);
    if (err < 0) {
        map_free(r->owners);
        free(r);
        return err;
    }
    host_watch(spec->host, &r->watch);
    loop_timer_set(&r->sweep, SWEEP_MS);
    *out = r;
    return 0;
}

void registrar_free(struct registrar *r)
{
    if (!r)
        return;
    host_unhandle(r->spec.host, RESERVATION_PROTOCOL);
    host_unwatch(&r->watch);
    loop_timer_clear(&r->sweep);
    while (r->first)
        close_desk(r->first);
    free_owners(r);
    free(r);
}
