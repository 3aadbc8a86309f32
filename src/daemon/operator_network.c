/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/operator_network.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/relaying.h"
#include "gossip/gossip.h"
#include "identity/multiaddr_list.h"
#include "names/name_records.h"
#include "p2p/autonat.h"
#include "p2p/autonat_serve.h"
#include "p2p/dht.h"
#include "p2p/rendezvous.h"
#include "p2p/rendezvous_conf.h"
#include "relay/announce.h"

enum { GOSSIPERS = 256 /* nodes know relays, and through these one another */ };

struct operator_network {
    struct operator_network_spec spec;
    struct dht *dht;
    struct hop *hop; /* NULL: it relays no circuits */
    struct gossip *gossip;
    struct news *news;
    struct name_records *names;
    struct autonat *autonat;
    struct autonat_serve *autonat_serve;
    struct announce *announce;
    struct rendezvous *rendezvous; /* NULL: the configuration does not have it */
    char front_url[INFO_URL_SIZE];
};

static int begin_at(void *arg, const struct multiaddr *addr, struct beam_why *why)
{
    struct operator_network *n = arg;
    int err = way_dialable(addr, why);
    if (err < 0)
        return err;
    err = dht_begin_at(n->dht, addr);
    return err < 0 ? beam_why(why, err, "%s", beam_err_text(err)) : 0;
}

/* Where it is reached from outside, which its own sockets do not know. */
static int announce_at(void *arg, const struct multiaddr *addr, struct beam_why *why)
{
    struct operator_network *n = arg;
    struct multiaddr bare;
    multiaddr_without_peer(addr, &bare);
    int err = host_announce(n->spec.host, &bare, true);
    return err < 0 ? beam_why(why, err, "%s", beam_err_text(err)) : 0;
}

/* A relay passes on what others say of themselves, and says it of itself. */
static int start_gossip(struct operator_network *n)
{
    const struct operator_network_spec *s = &n->spec;
    const struct gossip_spec gossip = {.loop = s->loop,
                                       .host = s->host,
                                       .rng = rng_system(),
                                       .clock = clock_system(),
                                       .key = s->key,
                                       .exchange = true,
                                       .peers = GOSSIPERS,
                                       .allow_private = s->conf->network_allow_private};
    int err = gossip_new(&gossip, &n->gossip);
    const struct news_spec news = {.loop = s->loop, .gossip = n->gossip, .clock = clock_system()};
    return err < 0 ? err : news_new(&news, &n->news);
}

/* What others leave in its DHT beside keys: what relays say of themselves, records of names. */
static int keep_records(struct operator_network *n)
{
    const struct name_records_spec names = {.loop = n->spec.loop,
                                            .kad = dht_kad(n->dht),
                                            .gossip = n->gossip,
                                            .rng = rng_system(),
                                            .clock = clock_system()};
    int err = kad_store_register(kad_store(names.kad), &info_validator);
    return err < 0 ? err : name_records_new(&names, &n->names);
}

static int join_dht(struct operator_network *n)
{
    const struct dht_spec dht = {.kad = {.host = n->spec.host,
                                         .loop = n->spec.loop,
                                         .rng = rng_system(),
                                         .clock = clock_system(),
                                         .permit = n->spec.permit,
                                         .mode = KAD_SERVER},
                                 .dir = n->spec.dir,
                                 .stays = true};
    return dht_new(&dht, &n->dht);
}

/* Where others reach it, beside what the configuration says; and it tells nodes the same. */
static int start_autonat(struct operator_network *n)
{
    const struct autonat_spec spec = {.loop = n->spec.loop, .host = n->spec.host};
    int err = autonat_serve_start(n->spec.loop, n->spec.host, &n->autonat_serve);
    return err < 0 ? err : autonat_new(&spec, &n->autonat);
}

static int start_announcing(struct operator_network *n)
{
    const struct operator_network_spec *s = &n->spec;
    const struct announce_spec announce = {.loop = s->loop,
                                           .host = s->host,
                                           .clock = clock_system(),
                                           .kad = dht_kad(n->dht),
                                           .news = n->news,
                                           .key = s->key,
                                           .store = s->store,
                                           .terms = s->terms,
                                           .max_reservations = s->conf->relay_max_reservations,
                                           .allow_private = s->conf->network_allow_private,
                                           .url = n->front_url,
                                           .version = s->version,
                                           .contact = s->conf->relay_contact};
    return s->conf->relay_announce ? announce_new(&announce, &n->announce) : 0;
}

/* A relay that is not to be known is on no list of nodes either. */
static int start_rendezvous(struct operator_network *n)
{
    const struct operator_network_spec *s = &n->spec;
    const struct rendezvous_spec spec = {.loop = s->loop,
                                         .rng = rng_system(),
                                         .clock = clock_system(),
                                         .host = s->host,
                                         .kad = dht_kad(n->dht),
                                         .permit = s->permit,
                                         .nodes = s->conf->network_rendezvous_bootstrap,
                                         .alone = dht_beginnings(n->dht) == 0,
                                         .allow_private = s->conf->network_allow_private};
    if (!s->conf->relay_announce || !rendezvous_conf_wanted(s->conf, s->policy))
        return 0;
    return rendezvous_new(&spec, &n->rendezvous);
}

static int start(struct operator_network *n, struct beam_why *why)
{
    const struct conf *c = n->spec.conf;
    snprintf(n->front_url, sizeof(n->front_url), "%s://%s", endpoint_scheme(n->spec.base),
             n->spec.base->host);
    int err = join_dht(n);
    if (err == 0)
        err = start_gossip(n);
    if (err == 0)
        err = keep_records(n);
    if (err == 0 && c->relay_circuits)
        err = relaying_start(n->spec.loop, n->spec.host, n->spec.key, c, &n->hop);
    if (err == 0)
        err = start_autonat(n);
    if (err == 0)
        err = start_announcing(n);
    if (err < 0)
        return beam_why(why, err, "relay: %s", beam_err_text(err));
    err = multiaddr_list_each("network.bootstrap", c->network_bootstrap, NULL, begin_at, n, why);
    if (err == 0)
        err = multiaddr_list_each("relay.address", c->relay_address, NULL, announce_at, n, why);
    if (err == 0 && (err = start_rendezvous(n)) < 0)
        beam_why(why, err, "relay: %s", beam_err_text(err));
    return err;
}

int operator_network_new(const struct operator_network_spec *spec, struct operator_network **out,
                         struct beam_why *why)
{
    struct operator_network *n = calloc(1, sizeof(*n));
    if (!n)
        return beam_why(why, BEAM_ENOMEM, "relay: out of memory");
    n->spec = *spec;
    int err = start(n, why);
    if (err < 0)
        operator_network_free(n);
    else
        *out = n;
    return err;
}

void operator_network_free(struct operator_network *n)
{
    if (!n)
        return;
    rendezvous_free(n->rendezvous);
    announce_free(n->announce);
    autonat_free(n->autonat);
    autonat_serve_stop(n->autonat_serve);
    name_records_free(n->names);
    news_free(n->news);
    gossip_free(n->gossip);
    hop_free(n->hop);
    dht_free(n->dht);
    free(n);
}
