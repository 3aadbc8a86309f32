/* SPDX-License-Identifier: BSD-3-Clause */
#include "tunnel/agent.h"

#include <stdlib.h>
#include <string.h>

#include "path/circuits.h"

enum { OTHER_STREAMS = 64 }; /* beside visits: pings, requests */

struct agent {
    struct agent_spec spec;
    char *dir;
    struct circuits way;
    struct host *host;
    struct visits *visits;
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
    return err < 0 ? err : visits_new(a->spec.loop, a->host, &a->visits);
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

int agent_relay(struct agent *a, const struct where *where, const char *name,
                const struct path_events *events, struct path **out, struct beam_why *why)
{
    const struct owner_spec spec = {.loop = a->spec.loop,
                                    .rng = a->spec.rng,
                                    .host = a->host,
                                    .visits = a->visits,
                                    .permit = a->spec.permit,
                                    .tor = circuits_way(&a->way),
                                    .where = *where,
                                    .name = name,
                                    .keep = a->spec.keep,
                                    .dir = a->dir};
    return path_relay(&spec, events, out, why);
}

void agent_free(struct agent *a)
{
    if (!a)
        return;
    visits_free(a->visits);
    host_free(a->host);
    key_pair_free(a->spec.key);
    free(a->dir);
    free(a);
}
