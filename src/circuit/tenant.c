/* SPDX-License-Identifier: BSD-3-Clause */
#include "circuit/tenant.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "circuit/hop_call.h"
#include "circuit/rsvp.h"
#include "circuit/voucher.h"

struct tenant {
    struct tenant_spec spec;
    struct multiaddr at;
    struct rsvp rsvp;
    struct loop_timer due;
    struct hop_call *call;
    struct peer_id relay;                     /* that gave the reservation there is */
    struct multiaddr addrs[TENANT_ADDRS_MAX]; /* announced; with /p2p-circuit */
    size_t addr_count;
    struct host_watch watch;
};

static void happened(struct tenant *t, enum rsvp_event ev, uint64_t life_ms);

/* ---- addresses ------------------------------------------------------------------------------ */

static int through(const struct multiaddr *relay, struct multiaddr *out)
{
    static const char text[] = "/p2p-circuit";
    struct multiaddr circuit;
    int err = multiaddr_parse(text, strlen(text), &circuit, NULL);
    return err < 0 ? err : multiaddr_join(relay, &circuit, out);
}

/* Of what a relay says of itself: only what means something elsewhere. */
static bool is_public(const struct multiaddr *a)
{
    struct addr at;
    enum multiaddr_code transport;
    if (multiaddr_has(a, MULTIADDR_P2P_CIRCUIT))
        return false;
    if (multiaddr_to_addr(a, &at, &transport) < 0)
        return true; /* an onion or a name */
    return addr_scope(&at) == ADDR_GLOBAL && !addr_unspecified(&at);
}

struct addrs {
    struct multiaddr list[TENANT_ADDRS_MAX];
    size_t n;
};

static bool has(const struct multiaddr *list, size_t n, const struct multiaddr *a)
{
    for (size_t i = 0; i < n; i++)
        if (multiaddr_equal(&list[i], a))
            return true;
    return false;
}

/* One of the relay's addresses, bare, becomes one of ours. */
static void add(struct addrs *out, const struct multiaddr *bare, const struct peer_id *relay)
{
    struct multiaddr a;
    if (out->n < TENANT_ADDRS_MAX && bare->len > 0 && multiaddr_with_peer(bare, relay, &a) == 0 &&
        through(&a, &a) == 0 && !has(out->list, out->n, &a))
        out->list[out->n++] = a;
}

/* Where the user says that the relay is, and where it does. */
static void collect(const struct tenant *t, const struct peer_id *relay,
                    const struct hop_message *m, struct addrs *out)
{
    struct multiaddr bare;
    multiaddr_without_peer(&t->at, &bare);
    add(out, &bare, relay);
    for (size_t i = 0; i < m->addr_count; i++) {
        struct peer_id named;
        bool theirs = multiaddr_peer(&m->addrs[i], &named) < 0 || peer_id_equal(&named, relay);
        multiaddr_without_peer(&m->addrs[i], &bare);
        if (theirs && is_public(&bare))
            add(out, &bare, relay);
    }
}

static void announce(struct tenant *t, const struct addrs *now)
{
    struct host *h = t->spec.host;
    for (size_t i = 0; i < t->addr_count; i++)
        if (!has(now->list, now->n, &t->addrs[i]))
            (void)host_announce(h, &t->addrs[i], false);
    for (size_t i = 0; i < now->n; i++)
        if (host_announce(h, &now->list[i], true) < 0)
            log_warn("circuit", "an address at a relay is not announced: there are too many");
    memcpy(t->addrs, now->list, now->n * sizeof(now->list[0]));
    t->addr_count = now->n;
}

/* ---- the reservation ------------------------------------------------------------------------ */

static void keep(struct tenant *t, bool on)
{
    (void)host_keep(t->spec.host, &t->relay, on);
}

/* A relay that was named by an address alone may be another one than before. */
static void hold(struct tenant *t, const struct peer_id *relay)
{
    if (t->addr_count > 0)
        keep(t, false);
    t->relay = *relay;
    keep(t, true);
}

static void let_go(struct tenant *t)
{
    const struct addrs none = {.n = 0};
    if (t->addr_count == 0)
        return;
    announce(t, &none);
    keep(t, false);
}

/* A voucher is the relay's to give, and nobody asks for it yet: one that is there must be true. */
static bool is_sound(const struct tenant *t, const struct peer_id *relay,
                     const struct hop_message *m)
{
    struct voucher v;
    if (!m->has_reservation)
        return false;
    if (!m->voucher)
        return true;
    return voucher_open(m->voucher, m->voucher_len, &v, NULL) == 0 &&
           peer_id_equal(&v.relay, relay) && peer_id_equal(&v.peer, host_id(t->spec.host));
}

static void log_granted(const struct tenant *t, const struct hop_message *m, uint64_t life_ms)
{
    char text[PEER_ID_TEXT_SIZE];
    peer_id_text(&t->relay, text);
    log_info("circuit",
             "a reservation at relay %s for %llu s; a circuit: %lu s, %llu bytes (0: any)",
             log_scrub(text), (unsigned long long)(life_ms / 1000),
             (unsigned long)m->limit.duration, (unsigned long long)m->limit.data);
}

static void on_answer(void *arg, int err, const struct beam_why *why,
                      const struct hop_message *answer, struct stream *s,
                      const struct peer_id *relay)
{
    struct tenant *t = arg;
    const struct clock_source *clock = t->spec.clock;
    struct addrs addrs = {.n = 0};
    char text[MULTIADDR_TEXT_SIZE];
    t->call = NULL;
    stream_free(s);
    if (err == 0)
        collect(t, relay, answer, &addrs);
    if (err < 0 || !is_sound(t, relay, answer) || addrs.n == 0) {
        multiaddr_text(&t->at, text);
        log_warn("circuit", "no reservation at %s: %s", log_scrub(text),
                 err < 0 ? log_scrub(why->text) : "its answer holds none that is its own");
        happened(t, RSVP_FAILED, 0);
        return;
    }
    uint64_t life = rsvp_life(answer->expire, clock->wall_ms(clock->arg));
    hold(t, relay);
    announce(t, &addrs);
    log_granted(t, answer, life);
    happened(t, RSVP_GRANTED, life);
}

static void ask(struct tenant *t)
{
    const struct connect_spec relay = {.addrs = &t->at, .n = 1, .origin = PERMIT_TYPED};
    if (t->call)
        return;
    if (hop_call_start(t->spec.loop, t->spec.host, &relay, NULL, on_answer, t, &t->call) < 0)
        happened(t, RSVP_FAILED, 0);
}

static void happened(struct tenant *t, enum rsvp_event ev, uint64_t life_ms)
{
    uint64_t now = loop_now(t->spec.loop);
    rsvp_event(&t->rsvp, ev, now, life_ms);
    if (!rsvp_holds(&t->rsvp))
        let_go(t);
    if (rsvp_asks(&t->rsvp)) {
        loop_timer_clear(&t->due);
        ask(t);
    } else {
        loop_timer_set(&t->due, rsvp_wait(&t->rsvp, t->spec.rng, now));
    }
}

static void on_due(void *arg)
{
    happened(arg, RSVP_DUE, 0);
}

static void on_down(void *arg, const struct peer_id *peer)
{
    struct tenant *t = arg;
    if (!rsvp_holds(&t->rsvp) || !peer_id_equal(peer, &t->relay))
        return;
    hop_call_cancel(t->call);
    t->call = NULL;
    log_warn("circuit", "the connection to a relay was lost, and the reservation with it");
    happened(t, RSVP_LOST, 0);
}

/* ---- its life ------------------------------------------------------------------------------- */

int tenant_new(const struct tenant_spec *spec, const struct multiaddr *relay, struct tenant **out)
{
    struct tenant *t = calloc(1, sizeof(*t));
    if (!t)
        return BEAM_ENOMEM;
    t->spec = *spec;
    t->at = *relay;
    loop_timer_init(spec->loop, &t->due, on_due, t);
    loop_timer_set(&t->due, 0);
    t->watch = (struct host_watch){.down = on_down, .arg = t};
    host_watch(spec->host, &t->watch);
    *out = t;
    return 0;
}

void tenant_free(struct tenant *t)
{
    host_unwatch(&t->watch);
    hop_call_cancel(t->call);
    loop_timer_clear(&t->due);
    let_go(t);
    free(t);
}

bool tenant_is_at(const struct tenant *t, const struct multiaddr *relay)
{
    return multiaddr_equal(&t->at, relay);
}

bool tenant_holds(const struct tenant *t, struct peer_id *relay, struct multiaddr *addr)
{
    if (!rsvp_holds(&t->rsvp))
        return false;
    *relay = t->relay;
    *addr = t->addrs[0];
    return true;
}
