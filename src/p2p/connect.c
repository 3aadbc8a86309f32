/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/connect.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "p2p/core.h"
#include "p2p/dial.h"

enum { DIRECT_MS = 30 * 1000, LONG_MS = 90 * 1000 };

struct connect {
    struct connect *next, **link;
    struct host *host;
    bool named;    /* `peer` is who is wanted */
    bool straight; /* as it was asked for */
    bool standing, modest;
    struct peer_id peer;
    struct dial_target *targets;
    size_t n;
    uint64_t timeout_ms;
    struct dial *dial;       /* NULL: the answer is known, or another's race is waited for */
    struct loop_task answer; /* posted once the answer is known */
    uint64_t serial;         /* of the connection; 0: failed */
    struct beam_why why;
    connect_fn *done;
    void *arg;
};

static void end_race(struct connect *c)
{
    if (!c->dial)
        return;
    dial_cancel(c->dial);
    c->dial = NULL;
    c->host->dials--;
}

static void connect_free(struct connect *c)
{
    end_race(c);
    loop_task_cancel(c->host->spec.loop, &c->answer);
    *c->link = c->next;
    if (c->next)
        c->next->link = c->link;
    free(c->targets);
    free(c);
}

static void on_answer(void *arg)
{
    struct connect *c = arg;
    const struct conn *conn = c->serial ? pool_by_serial(&c->host->pool, c->serial) : NULL;
    struct beam_why why = c->why;
    connect_fn *done = c->done;
    void *done_arg = c->arg;
    struct host_peer peer;
    if (conn)
        core_show(conn, &peer);
    else if (c->serial)
        beam_why(&why, BEAM_ERESET, "the peer closed the connection at once");
    connect_free(c);
    done(done_arg, conn ? 0 : why.code, &why, conn ? &peer : NULL);
}

static bool answered(const struct connect *c)
{
    return c->serial != 0 || c->why.code != 0;
}

static void answer(struct connect *c, uint64_t serial)
{
    end_race(c);
    c->serial = serial;
    loop_post(c->host->spec.loop, &c->answer);
}

/* Whether the connection is of the kind that is wanted. */
static bool suits(const struct connect *c, const struct conn *conn)
{
    return !c->straight || conn->spec.way != WAY_CIRCUIT;
}

void connect_found(struct host *h, const struct conn *conn)
{
    for (struct connect *c = h->connects; c; c = c->next)
        if (c->named && !answered(c) && suits(c, conn) && peer_id_equal(&c->peer, &conn->spec.peer))
            answer(c, conn->serial);
}

/* ---- the race ------------------------------------------------------------------------------- */

static void race(struct connect *c);
static bool waits(const struct connect *c);

/* Those that waited for a race that has not led to their peer, and for no other: they fail as it
 * did, or, when it was only called off, the first of them begins its own. */
static void release(struct host *h, const struct peer_id *peer, const struct beam_why *why)
{
    for (struct connect *c = h->connects; c; c = c->next) {
        if (!c->named || c->dial || answered(c) || !peer_id_equal(&c->peer, peer) || waits(c))
            continue;
        if (why) {
            c->why = *why;
            answer(c, 0);
        } else {
            race(c);
            if (c->dial)
                return;
        }
    }
}

/* What it says of the addresses, unless this machine reaches nobody, or did not try. */
static void note_failed(const struct connect *c)
{
    if (!c->named || c->why.code == BEAM_EAGAIN || host_peers(c->host) == 0)
        return;
    for (size_t i = 0; i < c->n; i++)
        address_book_failed(c->host->book, &c->peer, &c->targets[i].addr);
}

static void on_dialled(void *arg, int err, const struct beam_why *why, const struct dial_result *r)
{
    struct connect *c = arg;
    struct host *h = c->host;
    c->dial = NULL;
    h->dials--;
    if (err < 0) {
        c->why = *why;
        note_failed(c);
    } else {
        const struct core_link link = {.secured = r->secured,
                                       .peer = &r->peer,
                                       .addr = &r->target->addr,
                                       .way = r->target->target.way,
                                       .limit = r->limit};
        c->named = true;
        c->peer = r->peer;
        if (core_adopt(h, &link, &c->why) == 0)
            return; /* connect_found has answered */
    }
    answer(c, 0);
    if (c->named)
        release(h, &c->peer, &c->why);
}

/* Whoever asks many, of whom strangers told, leaves places to those who dial a few. */
static bool has_place(const struct connect *c)
{
    size_t all = c->host->spec.limits.dials;
    return c->host->dials < (c->modest ? all - all / 2 : all);
}

static void race(struct connect *c)
{
    struct host *h = c->host;
    const struct dial_spec spec = {.host = h,
                                   .key = h->spec.key,
                                   .expect = c->named ? &c->peer : NULL,
                                   .timeout_ms = c->timeout_ms};
    int err = BEAM_ELIMIT;
    if (has_place(c))
        err = dial_start(&spec, c->targets, c->n, on_dialled, c, &c->dial);
    if (err == 0) {
        h->dials++;
        return;
    }
    beam_why(&c->why, err, "%s",
             err == BEAM_ELIMIT ? "too many peers are being dialled" : beam_err_text(err));
    answer(c, 0);
}

/* Whether another one's race goes to all of its addresses, and no circuit may win there that is not
 * wanted. */
static bool waits(const struct connect *c)
{
    for (const struct connect *o = c->host->connects; o; o = o->next) {
        if (!o->dial || !o->named || (c->straight && !o->straight) ||
            !peer_id_equal(&o->peer, &c->peer))
            continue;
        size_t i = 0;
        while (i < c->n && dial_covers(o->dial, &c->targets[i].addr))
            i++;
        if (i == c->n)
            return true;
    }
    return false;
}

/* ---- what is asked -------------------------------------------------------------------------- */

/* WAY_BY_…: what the host has beside its own sockets. */
static unsigned means_of(const struct host *h, bool straight)
{
    return (h->spec.tor.dial ? WAY_BY_TOR : 0u) |
           (h->circuit.dial && !straight ? WAY_BY_CIRCUIT : 0u);
}

int connect_covers(const struct host *h, const struct multiaddr *addr, enum permit_origin origin,
                   struct beam_why *why)
{
    struct way_target way;
    return way_find(addr, h->spec.permit, origin, means_of(h, false), &way, why);
}

bool connect_known(const struct host *h, const struct peer_id *peer)
{
    struct address_book_row rows[ADDRESS_BOOK_PER_PEER];
    size_t n = address_book_get(h->book, peer, loop_now(h->spec.loop), rows);
    while (n > 0 && connect_covers(h, &rows[n - 1].addr, rows[n - 1].origin, NULL) < 0)
        n--;
    return n > 0;
}

/* An address becomes a target, or the reason why not. */
static void add_target(struct connect *c, const struct multiaddr *addr, enum permit_origin origin,
                       enum address_word word, struct beam_why *why)
{
    unsigned means = means_of(c->host, c->straight);
    struct dial_target *t = &c->targets[c->n];
    struct peer_id named;
    if (c->n == DIAL_TARGETS_MAX)
        return;
    if (multiaddr_peer(addr, &named) == 0) {
        if (c->named && !peer_id_equal(&named, &c->peer)) {
            beam_why(why, BEAM_EINVAL, "the address is another peer's");
            return;
        }
        c->named = true;
        c->peer = named;
    }
    if (way_find(addr, c->host->spec.permit, origin, means, &t->target, why) < 0)
        return;
    if (t->target.way == WAY_CIRCUIT && !c->named) {
        beam_why(why, BEAM_EINVAL,
                 "address: whom the relay is to reach is missing (…/p2p-circuit/p2p/PEER)");
        return;
    }
    t->addr = *addr;
    t->hearsay = origin != PERMIT_TYPED && word != ADDRESS_PROVEN;
    c->n++;
    if (t->target.way != WAY_DIRECT && c->timeout_ms == DIRECT_MS)
        c->timeout_ms = LONG_MS;
}

static void add_known(struct connect *c, struct beam_why *why)
{
    struct address_book_row rows[ADDRESS_BOOK_PER_PEER];
    size_t n = address_book_get(c->host->book, &c->peer, loop_now(c->host->spec.loop), rows);
    if (n == 0)
        beam_why(why, BEAM_ENOTFOUND,
                 "no address of the peer is known (give one: /ip4/…/tcp/…/p2p/PEER)");
    for (size_t i = 0; i < n; i++)
        add_target(c, &rows[i].addr, rows[i].origin, rows[i].word, why);
}

static int find_targets(struct connect *c, const struct connect_spec *spec)
{
    struct beam_why why = {.code = 0};
    c->targets = calloc(DIAL_TARGETS_MAX, sizeof(*c->targets));
    if (!c->targets)
        return BEAM_ENOMEM;
    if (spec->standing)
        return 0;
    for (size_t i = 0; i < spec->n; i++)
        add_target(c, &spec->addrs[i], spec->origin, ADDRESS_TOLD, &why);
    if (spec->n == 0 && c->named)
        add_known(c, &why);
    if (c->n == 0) {
        c->why = why;
        if (why.code == 0)
            beam_why(&c->why, BEAM_EINVAL, "neither a peer nor an address was given");
    }
    return 0;
}

/* The connection that there is and that is wanted. */
static const struct conn *standing(const struct connect *c, const struct peer *peer)
{
    struct conn *conn = peer->conns;
    while (conn && (!conn_usable(conn) || !suits(c, conn)))
        conn = conn->peer_next;
    return conn;
}

/* Whoever was found at the one address that was given without a peer, and is still connected. */
static const struct peer *dialled_there(const struct connect *c)
{
    for (const struct conn *conn = c->host->pool.newest; conn && c->n == 1; conn = conn->prev)
        if (!conn->spec.inbound && multiaddr_equal(&conn->spec.addr, &c->targets[0].addr))
            return conn->owner;
    return NULL;
}

static void begin(struct connect *c)
{
    struct host *h = c->host;
    const struct peer *peer = c->named ? pool_peer(&h->pool, &c->peer) : dialled_there(c);
    const struct conn *conn = peer ? standing(c, peer) : NULL;
    if (c->named && peer_id_equal(&c->peer, &h->id))
        beam_why(&c->why, BEAM_EINVAL, "it is this host itself");
    else if (conn)
        c->serial = conn->serial;
    else if (c->standing)
        beam_why(&c->why, BEAM_ENOTFOUND, "the peer is not connected");
    if (answered(c))
        answer(c, c->serial);
    else if (!c->named || !waits(c))
        race(c);
}

int connect_start(struct host *h, const struct connect_spec *spec, connect_fn *done, void *arg,
                  struct connect **out)
{
    struct connect *c = calloc(1, sizeof(*c));
    if (!c)
        return BEAM_ENOMEM;
    *c = (struct connect){.host = h,
                          .straight = spec->straight,
                          .standing = spec->standing,
                          .modest = spec->modest,
                          .timeout_ms = spec->timeout_ms ? spec->timeout_ms : DIRECT_MS,
                          .next = h->connects,
                          .link = &h->connects,
                          .done = done,
                          .arg = arg};
    if (c->next)
        c->next->link = &c->next;
    h->connects = c;
    loop_task_init(&c->answer, on_answer, c);
    if (spec->peer) {
        c->named = true;
        c->peer = *spec->peer;
    }
    int err = find_targets(c, spec);
    if (err < 0) {
        connect_free(c);
        return err;
    }
    begin(c);
    *out = c;
    return 0;
}

void connect_cancel(struct connect *c)
{
    if (!c)
        return;
    struct host *h = c->host;
    bool raced = c->named && c->dial;
    struct peer_id peer = c->peer;
    connect_free(c);
    if (raced)
        release(h, &peer, NULL);
}

void connect_clear(struct host *h)
{
    while (h->connects)
        connect_free(h->connects);
}
