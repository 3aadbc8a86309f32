/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/network.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "daemon/relaying.h"
#include "identity/multiaddr_list.h"
#include "names/name_records.h"
#include "p2p/autonat_serve.h"
#include "p2p/connect.h"
#include "p2p/dht.h"
#include "p2p/mdns.h"
#include "p2p/rendezvous_conf.h"
#include "path/circuits.h"
#include "policy/policy.h"
#include "tor/doorway.h"
#include "tor/onion.h"

enum { ASK_THROUGH_TOR_MS = 60 * 1000 };

static const char onion_word[] = "tor", folder[] = "node", socket_name[] = "node";
static const char listen_key[] = "network.listen", bootstrap_key[] = "network.bootstrap";
static const char rendezvous_circuits[] = "node rendezvous";
/* Peers that know the node through Tor and those that see its address must not know it by one key:
 * each has contexts of its own for the key store. */
static const char hidden_node[] = "", hidden_onion[] = "node";
static const char seen_node[] = "seen", seen_onion[] = "node seen";

struct network {
    struct network_spec spec;
    char *agent, *dir;
    bool seen; /* its policy lets it be reached, and reach others, without Tor */
    struct permit *permit;
    struct key_pair *key;
    struct circuits circuits, rendezvous_circuits;
    struct host *host;
    struct dht *dht;       /* where its policy finds others so, as the next */
    struct gossip *gossip; /* and of one that is seen */
    struct keeper *keeper; /* of one without a DHT, which has its own */
    struct news *news;
    struct name_records *names;
    struct autonat *autonat;             /* where it is seen and listens */
    struct autonat_serve *autonat_serve; /* where it may dial whom it sees */
    struct relayed *relayed;             /* its use of circuit relays */
    struct hop *hop;                     /* NULL: it is none itself */
    struct mdns *mdns;                   /* where its policy finds them nearby */
    struct rendezvous *rendezvous;       /* NULL: the configuration does not have it */
    struct doorway *doorway;             /* where its onion leads, NULL: it has none */
    struct onion_key *onion_key;
    struct onion *onion;
    struct multiaddr onion_addr;
};

/* ---- the configuration ---------------------------------------------------------------------- */

static int check_listen(void *arg, const struct multiaddr *a, struct beam_why *why)
{
    (void)arg;
    return a ? host_listenable(a, why) : 0;
}

static int check_bootstrap(void *arg, const struct multiaddr *a, struct beam_why *why)
{
    (void)arg;
    return way_dialable(a, why);
}

int network_readable(const struct conf *c, struct beam_why *why)
{
    int err =
        multiaddr_list_each(listen_key, c->network_listen, onion_word, check_listen, NULL, why);
    if (err == 0)
        err = multiaddr_list_each(bootstrap_key, c->network_bootstrap, NULL, check_bootstrap, NULL,
                                  why);
    if (err == 0)
        err = rendezvous_conf_check(c, why);
    return err < 0 ? err : relaying_readable(c, why);
}

/* ---- its onion ------------------------------------------------------------------------------ */

static void on_onion(void *arg, enum onion_state state, const struct beam_why *why,
                     uint64_t retry_ms)
{
    struct network *n = arg;
    (void)retry_ms;
    if (why)
        log_warn("network", "onion: %s", why->text);
    (void)host_announce(n->host, &n->onion_addr, state == ONION_UP);
}

static void on_warning(void *arg, const struct beam_why *why)
{
    (void)arg;
    log_warn("network", "onion: %s", why->text);
}

static void on_visitor(void *arg, struct stream *s)
{
    struct network *n = arg;
    host_accept(n->host, s, WAY_ONION, NULL);
}

static int onion_key(struct network *n, struct onion_key **out, struct beam_why *why)
{
    uint8_t seed[DERIVE_SEED_SIZE];
    const char *context = n->seen ? seen_onion : hidden_onion;
    int err = keystore_seed(n->spec.keys, DERIVE_ONION, context, strlen(context), seed, why);
    if (err < 0)
        return err;
    err = onion_key_from_seed(seed, out);
    sodium_memzero(seed, sizeof(seed));
    return err < 0 ? beam_why(why, err, "network: out of locked memory for its keys") : 0;
}

static int publish(struct network *n, struct beam_why *why)
{
    const struct onion_spec spec = {
        .key = n->onion_key, .target = *doorway_addr(n->doorway), .port = NETWORK_ONION_PORT};
    const struct onion_events events = {.state = on_onion, .warning = on_warning, .arg = n};
    int err = onion_publish(n->spec.tor, &spec, &events, &n->onion);
    switch (err) {
    case 0:
        return 0;
    case BEAM_EINVAL:
        return beam_why(why, err,
                        "%s: tor takes no socket path with a space, a quote or a letter beyond "
                        "ASCII in it (set BEAM_HOME or XDG_RUNTIME_DIR to another path)",
                        n->dir);
    default:
        return beam_why(why, err, "network.listen: its onion cannot be published: %s",
                        beam_err_text(err));
    }
}

static int listen_on_onion(struct network *n, struct beam_why *why)
{
    char text[96];
    const struct doorway_spec door = {
        .loop = n->spec.loop, .tor = n->spec.tor, .dir = n->dir, .id = socket_name};
    if (n->doorway)
        return 0;
    int err = permit_check_tor(n->permit, why);
    if (err == 0)
        err = onion_key(n, &n->onion_key, why);
    if (err < 0)
        return err;
    (void)snprintf(text, sizeof(text), "/onion3/%s:%d", onion_key_address(n->onion_key),
                   NETWORK_ONION_PORT);
    err = multiaddr_parse(text, strlen(text), &n->onion_addr, why);
    if (err == 0)
        err = doorway_open(&door, on_visitor, n, &n->doorway, why);
    return err < 0 ? err : publish(n, why);
}

/* ---- coming up ------------------------------------------------------------------------------ */

static int listen_at(void *arg, const struct multiaddr *a, struct beam_why *why)
{
    struct network *n = arg;
    return a ? host_listen(n->host, a, why) : listen_on_onion(n, why);
}

static int keep(void *arg, const struct multiaddr *a, struct beam_why *why)
{
    struct network *n = arg;
    struct beam_why barred;
    int err = way_dialable(a, why);
    if (err < 0)
        return err;
    if (connect_covers(n->host, a, PERMIT_TYPED, &barred) < 0) {
        char text[MULTIADDR_TEXT_SIZE];
        multiaddr_text(a, text);
        log_warn("network", "%s: %s is never dialled: %s", bootstrap_key, log_scrub(text),
                 barred.text);
        return 0;
    }
    err = keeper_add(network_keeper(n), a);
    return err < 0 ? beam_why(why, err, "%s", beam_err_text(err)) : 0;
}

/* ---- circuit relays ------------------------------------------------------------------------- */

/* Who hides is found by nobody, and what he would carry for others might give him away. */
static int may_relay(const struct network *n, const struct policy *policy, struct beam_why *why)
{
    if (!n->seen)
        return beam_why(why, BEAM_EPOLICY,
                        "circuit.relay: not under policy %s, whose egress is `tor` (make one whose "
                        "egress is `any` or `lan` the default)",
                        policy->name);
    if (!n->spec.conf->network_listen[0])
        return beam_why(why, BEAM_EUSAGE,
                        "circuit.relay: the node listens nowhere, so that nobody finds it (set "
                        "network.listen)");
    return 0;
}

static int meet_relays(struct network *n, const struct policy *policy, struct beam_why *why)
{
    const struct network_spec *s = &n->spec;
    int err = 0;
    if (s->conf->circuit_relay) {
        err = may_relay(n, policy, why);
        if (err == 0 && (err = relaying_start(s->loop, n->host, n->key, s->conf, &n->hop)) < 0)
            beam_why(why, err, "circuit.relay: %s", beam_err_text(err));
    }
    return err < 0 ? err : relaying_reserve(n->relayed, s->conf, why);
}

/* ---- its end, and its beginning ------------------------------------------------------------- */

static void take_down(struct network *n)
{
    onion_withdraw(n->onion);
    doorway_close(n->doorway);
    onion_key_free(n->onion_key);
    name_records_free(n->names);
    news_free(n->news);
    gossip_free(n->gossip);
    rendezvous_free(n->rendezvous);
    autonat_free(n->autonat);
    autonat_serve_stop(n->autonat_serve);
    mdns_free(n->mdns);
    keeper_free(n->keeper);
    dht_free(n->dht);
    hop_free(n->hop);
    relayed_free(n->relayed);
    host_free(n->host);
    key_pair_free(n->key);
    permit_free(n->permit);
    /* Nothing is left but what it was made with. */
    *n = (struct network){.spec = n->spec, .agent = n->agent, .dir = n->dir};
}

static int make_host(struct network *n)
{
    const struct network_spec *s = &n->spec;
    n->circuits = (struct circuits){
        .loop = s->loop, .tor = s->tor, .permit = n->permit, .isolation = s->isolation};
    /* What circuits take is beside what the node has for itself. */
    struct limits limits = {.streams = 0};
    limits_default(&limits);
    if (s->conf->circuit_relay)
        limits.streams += relaying_streams(s->conf);
    (void)snprintf(n->circuits.persona, sizeof(n->circuits.persona), "%s", folder);
    const struct host_spec host = {.loop = s->loop,
                                   .rng = s->rng,
                                   .clock = s->clock,
                                   .key = n->key,
                                   .permit = n->permit,
                                   .kind = n->seen ? HOST_OPEN : HOST_ANONYMOUS,
                                   .agent = n->agent,
                                   .tor = circuits_way(&n->circuits),
                                   .limits = limits};
    int err = host_new(&host, &n->host);
    if (err < 0)
        return err;
    const struct relayed_spec relayed = {
        .loop = s->loop, .host = n->host, .rng = s->rng, .clock = s->clock};
    return relayed_new(&relayed, &n->relayed);
}

/* One that others may find, and that need not hide. */
static bool serves(const struct network *n)
{
    return n->seen && n->spec.conf->network_listen[0];
}

/* Whom the user named is kept with a DHT and without. */
static int join_dht(struct network *n, const struct policy *policy)
{
    const struct network_spec *s = &n->spec;
    const struct keeper_spec keeper = {.loop = s->loop, .host = n->host, .rng = s->rng};
    if (!(policy->discovery & POLICY_DISCOVERY_DHT))
        return keeper_new(&keeper, &n->keeper);
    const struct dht_spec dht = {.kad = {.host = n->host,
                                         .loop = s->loop,
                                         .rng = s->rng,
                                         .clock = s->clock,
                                         .permit = n->permit,
                                         .tor = true,
                                         .mode = serves(n) ? KAD_SERVER : KAD_CLIENT,
                                         .ask_ms = n->seen ? 0 : ASK_THROUGH_TOR_MS},
                                 .dir = s->keep_dir,
                                 .stays = true};
    return dht_new(&dht, &n->dht);
}

/* Who hides is of no topic: whom it hears of, and when, would be known of it. */
static int join_gossip(struct network *n, const struct policy *policy)
{
    const struct network_spec *s = &n->spec;
    const struct gossip_spec gossip = {.loop = s->loop,
                                       .host = n->host,
                                       .rng = s->rng,
                                       .clock = s->clock,
                                       .exchange = true,
                                       .allow_private = s->conf->network_allow_private};
    if (!n->seen || !(policy->discovery & POLICY_DISCOVERY_GOSSIP))
        return 0;
    int err = gossip_new(&gossip, &n->gossip);
    const struct news_spec news = {.loop = s->loop, .gossip = n->gossip, .clock = s->clock};
    return err < 0 ? err : news_new(&news, &n->news);
}

/* What others leave in its DHT beside keys: what relays say of themselves, records of names. */
static int keep_records(struct network *n)
{
    const struct network_spec *s = &n->spec;
    const struct name_records_spec names = {.loop = s->loop,
                                            .kad = dht_kad(n->dht),
                                            .gossip = n->gossip,
                                            .rng = s->rng,
                                            .clock = s->clock};
    int err = names.kad ? kad_store_register(kad_store(names.kad), &info_validator) : 0;
    return err < 0 ? err : name_records_new(&names, &n->names);
}

/* It begins after all else, which says whether we are alone. */
static int meet(struct network *n, const struct policy *policy)
{
    const struct network_spec *s = &n->spec;
    if (!rendezvous_conf_wanted(s->conf, policy))
        return 0;
    n->rendezvous_circuits = n->circuits;
    (void)snprintf(n->rendezvous_circuits.persona, sizeof(n->rendezvous_circuits.persona), "%s",
                   rendezvous_circuits);
    const struct rendezvous_spec spec = {.loop = s->loop,
                                         .rng = s->rng,
                                         .clock = s->clock,
                                         .host = n->host,
                                         .kad = dht_kad(n->dht),
                                         .permit = n->permit,
                                         .tor = circuits_way(&n->rendezvous_circuits),
                                         .nodes = s->conf->network_rendezvous_bootstrap,
                                         .alone = dht_beginnings(n->dht) == 0,
                                         .allow_private = s->conf->network_allow_private,
                                         .ask_ms = n->seen ? 0 : ASK_THROUGH_TOR_MS};
    return rendezvous_new(&spec, &n->rendezvous);
}

/* One that listens serves the DHT, unless it turns out that nobody reaches it. */
static void on_reached(void *arg, enum autonat_state state)
{
    struct network *n = arg;
    if (!n->dht)
        return;
    int err = kad_set_mode(dht_kad(n->dht), state == AUTONAT_PRIVATE ? KAD_CLIENT : KAD_SERVER);
    if (err < 0)
        log_warn("network", "it stays what it was in the DHT: %s", beam_err_text(err));
}

/* Who hides asks nobody whether they reach him, and dials nobody back. */
static int join_autonat(struct network *n, const struct policy *policy, struct beam_why *why)
{
    const struct autonat_spec spec = {
        .loop = n->spec.loop, .host = n->host, .changed = on_reached, .arg = n};
    if (policy->egress != POLICY_EGRESS_ANY)
        return 0;
    int err = autonat_serve_start(n->spec.loop, n->host, &n->autonat_serve);
    if (err == 0 && serves(n))
        err = autonat_new(&spec, &n->autonat);
    return err < 0 ? beam_why(why, err, "network: %s", beam_err_text(err)) : 0;
}

/* After it listens: what it tells others is where. */
static int look_nearby(struct network *n, const struct policy *policy, struct beam_why *why)
{
    const struct mdns_spec mdns = {
        .loop = n->spec.loop, .host = n->host, .rng = n->spec.rng, .permit = n->permit};
    int err = policy->discovery & POLICY_DISCOVERY_LAN ? mdns_new(&mdns, &n->mdns) : 0;
    return err < 0 ? beam_why(why, err, "network: %s", beam_err_text(err)) : 0;
}

int network_up(struct network *n, struct beam_why *why)
{
    const struct conf *c = n->spec.conf;
    struct policy policy;
    if (n->host)
        return 0;
    int err = policy_find(c, c->policy_default, &policy, why);
    if (err < 0)
        return err;
    n->seen = policy.egress != POLICY_EGRESS_TOR;
    const char *context = n->seen ? seen_node : hidden_node;
    err = keystore_pair(n->spec.keys, DERIVE_NODE, context, strlen(context), &n->key, why);
    if (err < 0)
        return err;
    err = permit_new(&policy, &n->permit);
    if (err == 0)
        err = make_host(n);
    if (err == 0)
        err = join_dht(n, &policy);
    if (err == 0)
        err = join_gossip(n, &policy);
    if (err == 0)
        err = keep_records(n);
    if (err < 0)
        beam_why(why, err, "network: %s", beam_err_text(err));
    if (err == 0)
        err = multiaddr_list_each(listen_key, c->network_listen, onion_word, listen_at, n, why);
    if (err == 0)
        err = look_nearby(n, &policy, why);
    if (err == 0)
        err = join_autonat(n, &policy, why);
    if (err == 0)
        err = multiaddr_list_each(bootstrap_key, c->network_bootstrap, NULL, keep, n, why);
    if (err == 0)
        err = meet_relays(n, &policy, why);
    if (err == 0 && (err = meet(n, &policy)) < 0)
        beam_why(why, err, "network: %s", beam_err_text(err));
    if (err < 0)
        take_down(n);
    return err;
}

/* Whether the configuration wants it up before anybody asks for it. */
static bool is_wanted(const struct network *n)
{
    const struct conf *c = n->spec.conf;
    return c->network_listen[0] || c->network_bootstrap[0] || c->circuit_at[0] || c->circuit_relay;
}

void network_resume(struct network *n)
{
    struct beam_why why; /* which may name an address */
    if (is_wanted(n) && network_up(n, &why) < 0)
        log_warn("network", "it does not come up: %s", log_scrub(why.text));
}

int network_new(const struct network_spec *spec, struct network **out, struct beam_why *why)
{
    size_t size = strlen("beam/") + strlen(spec->version) + 1;
    struct network *n = calloc(1, sizeof(*n));
    if (!n)
        return beam_why(why, BEAM_ENOMEM, "network: out of memory");
    n->spec = *spec;
    n->agent = malloc(size);
    n->dir = file_join(spec->run_dir, folder);
    int err = n->agent && n->dir ? 0 : beam_why(why, BEAM_ENOMEM, "network: out of memory");
    if (err == 0) {
        (void)snprintf(n->agent, size, "beam/%s", spec->version);
        if (is_wanted(n))
            err = network_up(n, why);
    }
    if (err == BEAM_EAUTH) {
        log_warn("network", "%s", why->text);
        err = 0;
    }
    if (err < 0)
        network_free(n);
    else
        *out = n;
    return err;
}

void network_free(struct network *n)
{
    if (!n)
        return;
    take_down(n);
    free(n->agent);
    free(n->dir);
    free(n);
}

struct host *network_host(const struct network *n)
{
    return n->host;
}

struct keeper *network_keeper(const struct network *n)
{
    return n->dht ? dht_keeper(n->dht) : n->keeper;
}

struct kad *network_kad(const struct network *n)
{
    return dht_kad(n->dht);
}

struct gossip *network_gossip(const struct network *n)
{
    return n->gossip;
}

const struct news *network_news(const struct network *n)
{
    return n->news;
}

bool network_is_alone(const struct network *n)
{
    return !n->rendezvous && !n->mdns && !n->spec.conf->network_listen[0] &&
           (!n->dht || dht_beginnings(n->dht) == 0);
}

enum autonat_state network_nat(const struct network *n)
{
    return n->autonat ? autonat_state(n->autonat) : AUTONAT_UNKNOWN;
}

const struct network_spec *network_spec(const struct network *n)
{
    return &n->spec;
}
