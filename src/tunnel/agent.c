/* SPDX-License-Identifier: BSD-3-Clause */
#include "tunnel/agent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "identity/multiaddr_list.h"
#include "p2p/dht.h"
#include "p2p/rendezvous.h"
#include "path/circuits.h"

enum {
    OTHER_STREAMS = 64, /* beside visits: pings, requests */
    ASK_THROUGH_TOR_MS = 60 * 1000,
    PATIENCE_MS = 30 * 1000, /* until somebody in the network must have answered */
    PATIENCE_TOR_MS = 180 * 1000
};

struct agent {
    struct agent_spec spec;
    char *dir;
    struct circuits way;
    struct host *host;
    struct visits *visits;
    struct farewells *farewells;
    struct dht *dht; /* NULL while no relay has to be found */
    struct finder *finder;
    struct circuits rendezvous_way;
    struct rendezvous *rendezvous;
    char *history;
};

static int make_host(struct agent *a)
{
    const struct host_spec spec = {
        .loop = a->spec.loop,
        .rng = a->spec.rng,
        .clock = a->spec.clock,
        .key = a->spec.key,
        .permit = a->spec.permit,
        .kind = HOST_ANONYMOUS,
        .tor = circuits_way(&a->way),
        .limits = {.streams_per_peer = (size_t)a->spec.max_streams + OTHER_STREAMS},
    };
    int err = host_new(&spec, &a->host);
    if (err == 0)
        err = visits_new(a->spec.loop, a->host, &a->visits);
    return err < 0 ? err : farewells_new(a->spec.loop, a->host, &a->farewells);
}

/* Circuits are kept apart by whose they are: the peer id is a text that no other persona has. */
static int make_way(struct agent *a)
{
    struct key_public key;
    struct peer_id id;
    key_pair_public(a->spec.key, &key);
    int err = peer_id_from_key(&key, &id);
    if (err < 0)
        return err;
    a->way = (struct circuits){.loop = a->spec.loop,
                               .tor = a->spec.tor,
                               .permit = a->spec.permit,
                               .isolation = a->spec.isolation};
    _Static_assert((int)CIRCUITS_PERSONA_SIZE >= (int)PEER_ID_TEXT_SIZE, "a peer id fits");
    peer_id_text(&id, a->way.persona);
    return 0;
}

int agent_new(const struct agent_spec *spec, struct agent **out)
{
    struct agent *a = calloc(1, sizeof(*a));
    if (!a) {
        key_pair_free(spec->key);
        return BEAM_ENOMEM;
    }
    a->spec = *spec;
    a->dir = strdup(spec->dir);
    int err = a->dir ? make_way(a) : BEAM_ENOMEM;
    if (err == 0)
        err = make_host(a);
    if (err < 0)
        agent_free(a);
    else
        *out = a;
    return err;
}

static struct owner_spec owner_spec(const struct agent *a, const char *name)
{
    struct agent *own = (struct agent *)a;
    return (struct owner_spec){.loop = a->spec.loop,
                               .rng = a->spec.rng,
                               .host = a->host,
                               .visits = a->visits,
                               .farewells = a->farewells,
                               .permit = a->spec.permit,
                               .tor = circuits_way(&own->way),
                               .name = name,
                               .kind = a->spec.kind,
                               .port = a->spec.port,
                               .seal = a->spec.seal,
                               .seal_every = a->spec.seal_every,
                               .keep = a->spec.keep,
                               .ca_file = a->spec.ca_file,
                               .dir = a->dir};
}

int agent_relay(struct agent *a, const struct where *where, const char *name,
                const struct path_events *events, struct path **out, struct beam_why *why)
{
    struct owner_spec spec = owner_spec(a, name);
    spec.where = *where;
    return path_relay(&spec, events, out, why);
}

/* ---- relays that are found ------------------------------------------------------------------ */

static int begin_at(void *arg, const struct multiaddr *addr, struct beam_why *why)
{
    struct agent *a = arg;
    int err = dht_begin_at(a->dht, addr);
    return err < 0 ? beam_why(why, err, "%s", beam_err_text(err)) : 0;
}

/* Its circuits are those of somebody else, as is the host that it makes. */
static int ask_strangers(struct agent *a, struct beam_why *why)
{
    if (!a->spec.rendezvous)
        return 0;
    a->rendezvous_way = a->way;
    size_t len = strlen(a->way.persona);
    (void)snprintf(a->rendezvous_way.persona + len, sizeof(a->rendezvous_way.persona) - len,
                   " rendezvous");
    const struct rendezvous_spec spec = {.loop = a->spec.loop,
                                         .rng = a->spec.rng,
                                         .clock = a->spec.clock,
                                         .host = a->host,
                                         .kad = dht_kad(a->dht),
                                         .permit = a->spec.permit,
                                         .tor = circuits_way(&a->rendezvous_way),
                                         .nodes = a->spec.rendezvous,
                                         .alone = dht_beginnings(a->dht) == 0,
                                         .ask_ms = a->spec.direct ? 0 : ASK_THROUGH_TOR_MS};
    int err = rendezvous_new(&spec, &a->rendezvous);
    return err < 0 ? beam_why(why, err, "relay: %s", beam_err_text(err)) : 0;
}

/* The addresses that are configured are dialled as long as nobody else is known, and whom this
 * persona met last time; who is forgotten at the end has met nobody. */
static int join_dht(struct agent *a, struct beam_why *why)
{
    bool direct = a->spec.direct;
    const struct dht_spec dht = {.kad = {.host = a->host,
                                         .loop = a->spec.loop,
                                         .rng = a->spec.rng,
                                         .clock = a->spec.clock,
                                         .permit = a->spec.permit,
                                         .tor = true,
                                         .mode = KAD_CLIENT,
                                         .ask_ms = direct ? 0 : ASK_THROUGH_TOR_MS},
                                 .dir = a->spec.keep ? a->dir : NULL};
    int err = dht_new(&dht, &a->dht);
    if (err < 0)
        return beam_why(why, err, "relay: %s", beam_err_text(err));
    a->history = file_join(a->dir, "history");
    const struct finder_spec finder = {.loop = a->spec.loop,
                                       .host = a->host,
                                       .kad = dht_kad(a->dht),
                                       .rng = a->spec.rng,
                                       .history = a->spec.keep ? a->history : NULL,
                                       .kinds = reservation_kind_bit(a->spec.kind),
                                       .patience_ms = direct ? PATIENCE_MS : PATIENCE_TOR_MS};
    err = finder_new(&finder, &a->finder);
    if (err < 0)
        return beam_why(why, err, "relay: %s", beam_err_text(err));
    return multiaddr_list_each("network.bootstrap", a->spec.bootstrap, NULL, begin_at, a, why);
}

int agent_relay_found(struct agent *a, const char *name, const struct path_events *events,
                      struct path **out, struct beam_why *why)
{
    const struct owner_spec spec = owner_spec(a, name);
    int err = file_private_dir(a->dir, why);
    if (err == 0)
        err = join_dht(a, why);
    if (err == 0)
        err = ask_strangers(a, why);
    return err < 0 ? err : path_relay_found(&spec, a->finder, events, out, why);
}

bool agent_is_leaving(const struct agent *a)
{
    return farewells_pending(a->farewells);
}

static void stop_finding(struct agent *a)
{
    rendezvous_free(a->rendezvous);
    finder_free(a->finder);
    dht_free(a->dht);
    a->rendezvous = NULL;
    a->finder = NULL;
    a->dht = NULL;
}

void agent_leave(struct agent *a, void (*done)(void *arg), void *arg)
{
    stop_finding(a);
    farewells_wait(a->farewells, done, arg);
}

void agent_free(struct agent *a)
{
    if (!a)
        return;
    stop_finding(a);
    farewells_free(a->farewells);
    visits_free(a->visits);
    host_free(a->host);
    key_pair_free(a->spec.key);
    free(a->history);
    free(a->dir);
    free(a);
}
