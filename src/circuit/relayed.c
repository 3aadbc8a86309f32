/* SPDX-License-Identifier: BSD-3-Clause */
#include "circuit/relayed.h"

#include <stdlib.h>
#include <sys/queue.h>

#include "base/log.h"
#include "circuit/hop_call.h"
#include "circuit/stop.h"
#include "circuit/tenant.h"

/* A peer that is being reached. */
struct passage {
    TAILQ_ENTRY(passage) link;
    struct relayed *relayed;
    struct hop_call *call;
    way_circuit_fn *done;
    void *arg;
};

struct relayed {
    struct relayed_spec spec;
    struct stop *stop;
    struct tenant *tenants[RELAYED_MAX];
    size_t tenant_count;
    TAILQ_HEAD(, passage) passages;
};

/* ---- reaching others ------------------------------------------------------------------------ */

static void passage_free(struct passage *p)
{
    TAILQ_REMOVE(&p->relayed->passages, p, link);
    hop_call_cancel(p->call);
    free(p);
}

static void passage_end(struct passage *p, int err, const struct beam_why *why, struct stream *s,
                        const struct way_limit *limit)
{
    way_circuit_fn *done = p->done;
    void *arg = p->arg;
    passage_free(p);
    done(arg, err, why, s, limit);
}

static void on_connected(void *arg, int err, const struct beam_why *why,
                         const struct hop_message *answer, struct stream *s,
                         const struct peer_id *relay)
{
    struct passage *p = arg;
    struct way_limit limit = {.ms = 0};
    (void)relay;
    p->call = NULL;
    if (answer)
        limit = hop_limit_way(&answer->limit);
    passage_end(p, err, why, s, &limit);
}

static int on_dial(void *owner, const struct way_hop *hop, const struct peer_id *peer,
                   enum permit_origin origin, uint64_t timeout_ms, way_circuit_fn *done, void *arg,
                   void **out)
{
    struct relayed *r = owner;
    const struct connect_spec relay = {.peer = &hop->relay,
                                       .addrs = &hop->at,
                                       .n = hop->at.len > 0 ? 1 : 0,
                                       .origin = origin,
                                       .timeout_ms = timeout_ms};
    struct passage *p = calloc(1, sizeof(*p));
    if (!p)
        return BEAM_ENOMEM;
    *p = (struct passage){.relayed = r, .done = done, .arg = arg};
    TAILQ_INSERT_TAIL(&r->passages, p, link);
    int err = hop_call_start(r->spec.loop, r->spec.host, &relay, peer, on_connected, p, &p->call);
    if (err < 0)
        passage_free(p);
    else
        *out = p;
    return err;
}

static void on_cancel(void *owner, void *dial)
{
    (void)owner;
    passage_free(dial);
}

/* ---- being reached -------------------------------------------------------------------------- */

static bool on_knows(void *arg, const struct peer_id *relay, struct multiaddr *out)
{
    const struct relayed *r = arg;
    for (size_t i = 0; i < r->tenant_count; i++) {
        struct peer_id held;
        if (tenant_holds(r->tenants[i], &held, out) && peer_id_equal(&held, relay))
            return true;
    }
    return false;
}

int relayed_reserve(struct relayed *r, const struct multiaddr *relay)
{
    const struct tenant_spec spec = {
        .loop = r->spec.loop, .host = r->spec.host, .rng = r->spec.rng, .clock = r->spec.clock};
    for (size_t i = 0; i < r->tenant_count; i++)
        if (tenant_is_at(r->tenants[i], relay))
            return 0;
    if (r->tenant_count == RELAYED_MAX)
        return BEAM_ELIMIT;
    int err = tenant_new(&spec, relay, &r->tenants[r->tenant_count]);
    if (err == 0)
        r->tenant_count++;
    return err;
}

size_t relayed_held(const struct relayed *r)
{
    struct multiaddr addr;
    struct peer_id relay;
    size_t n = 0;
    for (size_t i = 0; i < r->tenant_count; i++)
        n += tenant_holds(r->tenants[i], &relay, &addr);
    return n;
}

/* ---- its life ------------------------------------------------------------------------------- */

int relayed_new(const struct relayed_spec *spec, struct relayed **out)
{
    struct relayed *r = calloc(1, sizeof(*r));
    if (!r)
        return BEAM_ENOMEM;
    r->spec = *spec;
    TAILQ_INIT(&r->passages);
    const struct stop_spec stop = {
        .loop = spec->loop, .host = spec->host, .knows = on_knows, .arg = r};
    int err = stop_new(&stop, &r->stop);
    if (err < 0) {
        free(r);
        return err;
    }
    const struct way_circuit way = {.dial = on_dial, .cancel = on_cancel, .owner = r};
    host_circuits(spec->host, &way);
    *out = r;
    return 0;
}

void relayed_free(struct relayed *r)
{
    struct beam_why why;
    struct passage *p;
    if (!r)
        return;
    beam_why(&why, BEAM_ECLOSED, "%s", beam_err_text(BEAM_ECLOSED));
    host_circuits(r->spec.host, NULL);
    while ((p = TAILQ_FIRST(&r->passages)))
        passage_end(p, BEAM_ECLOSED, &why, NULL, NULL);
    stop_free(r->stop);
    for (size_t i = 0; i < r->tenant_count; i++)
        tenant_free(r->tenants[i]);
    free(r);
}
