/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/operator.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "daemon/operator_control.h"
#include "daemon/operator_front.h"
#include "daemon/operator_keys.h"
#include "daemon/operator_lists.h"
#include "daemon/operator_metrics.h"
#include "daemon/operator_network.h"
#include "daemon/operator_onion.h"
#include "daemon/operator_ports.h"
#include "daemon/operator_rules.h"
#include "daemon/operator_say.h"
#include "daemon/pidfile.h"
#include "daemon/place.h"
#include "daemon/process.h"
#include "daemon/relaying.h"
#include "daemon/reload.h"
#include "daemon/setup.h"
#include "daemon/subsystems.h"
#include "p2p/host.h"
#include "relay/registrar.h"

enum {
    STOP_MS = 1800,    /* from SIGTERM to the end */
    HALF_OPEN = 512,   /* handshakes at once: all owners come back after a restart */
    STREAMS = 1024,    /* of an owner at least, who may have several tunnels */
    OTHER_STREAMS = 64 /* beside visits */
};

struct operator
{
    const struct operator_options *options;
    struct operator_say say;
    struct setup *setup;
    struct loop *loop;
    struct subsystems subsystems;
    struct loop_signal signals[3];

    struct operator_keys keys;
    struct policy policy;
    struct permit *permit;
    char agent[64];
    struct host *host;
    struct operator_rules rules;
    struct lease_store *store;
    struct registrar *registrar;
    struct operator_front *front;
    struct ports *ports;
    struct operator_acts acts;
    struct operator_control *control;
    struct operator_metrics *metrics;

    struct operator_onion *onion;
    struct operator_lists *lists;
    struct operator_network *network;
};

static void on_warning(void *arg, const struct beam_why *why)
{
    struct operator* r = arg;
    operator_say_warning(&r->say, why);
}

/* ---- its end -------------------------------------------------------------------------------- */

static void on_stopped(void *arg)
{
    struct operator* r = arg;
    loop_stop(r->loop);
}

/* What the configuration and the bans' file say now; the rest waits for the next start. */
static void reread(struct operator* r)
{
    struct beam_why why = {.text = ""};
    if (!r->control)
        return; /* it is not up yet, or ends */
    operator_front_reload(r->front);
    operator_lists_pause(r->lists);
    int err = reload_relay(r->setup, &r->options->daemon, &why);
    if (err == 0)
        err = operator_rules_reread(&r->rules, r->setup->conf, &why);
    operator_lists_resume(r->lists, r->setup->conf);
    if (err < 0) {
        log_error("relay", "%s", why.text);
        operator_say_warning(&r->say, &why);
        return;
    }
    operator_acts_enforce(&r->acts);
}

static void on_signal(void *arg, int signum)
{
    struct operator* r = arg;
    if (signum == SIGHUP) {
        reread(r);
        return;
    }
    log_info("relay", "ends on signal %d", signum);
    subsystems_stop(&r->subsystems, STOP_MS, on_stopped);
}

static void free_signals(void *arg)
{
    struct operator* r = arg;
    for (size_t i = 0; i < sizeof(r->signals) / sizeof(r->signals[0]); i++)
        loop_signal_stop(&r->signals[i]);
}

static int start_signals(void *arg, struct beam_why *why)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    struct operator* r = arg;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        int err = loop_signal_start(r->loop, &r->signals[i], numbers[i], on_signal, r);
        if (err < 0) {
            free_signals(r);
            return beam_why(why, err, "relay: signal %d cannot be watched", numbers[i]);
        }
    }
    return 0;
}

/* ---- the peer ------------------------------------------------------------------------------- */

/* The egress lets it listen beyond this machine, and reach the other nodes of the DHT. */
static int make_permit(struct operator* r, struct beam_why *why)
{
    int err = policy_ad_hoc(POLICY_RELAY, POLICY_EGRESS_ANY, &r->policy);
    r->policy.allow_private = r->setup->conf->network_allow_private;
    if (err == 0)
        err = permit_new(&r->policy, &r->permit);
    return err < 0 ? beam_why(why, err, "relay: %s", beam_err_text(err)) : 0;
}

/* Whoever wants a certificate from an ACME server wants visitors from everywhere. */
static bool is_public(const struct operator* r)
{
    return r->options->acme || r->setup->conf->relay_acme[0];
}

static int listen_for_owners(struct operator* r, struct beam_why *why)
{
    static const char loopback[] = "127.0.0.1:4001"; /* relay.p2p, if nobody said otherwise */
    const char *text = r->options->p2p ? r->options->p2p : r->setup->conf->relay_p2p;
    if (is_public(r) && strcmp(text, loopback) == 0)
        text = "0.0.0.0:4001";
    struct multiaddr at;
    struct addr addr;
    int err = place_read(r->options->p2p ? "--p2p" : "relay.p2p", text, &addr, why);
    if (err == 0 && (err = multiaddr_from_addr(&addr, MULTIADDR_TCP, &at)) < 0)
        beam_why(why, err, "%s: %s", text, beam_err_text(err));
    return err < 0 ? err : host_listen(r->host, &at, why);
}

static void free_peer(void *arg)
{
    struct operator* r = arg;
    host_free(r->host);
    permit_free(r->permit);
    operator_keys_clear(&r->keys);
    r->host = NULL;
    r->permit = NULL;
}

static int start_peer(void *arg, struct beam_why *why)
{
    struct operator* r = arg;
    const struct conf *c = r->setup->conf;
    size_t streams = c->relay_max_streams + OTHER_STREAMS;
    snprintf(r->agent, sizeof(r->agent), "beam/%s", r->options->daemon.version);
    int err = operator_keys_read(r->setup->home->relay, &r->keys, why);
    if (err == 0)
        err = make_permit(r, why);
    if (err < 0)
        goto out;
    const struct host_spec spec = {
        .loop = r->loop,
        .rng = rng_system(),
        .clock = clock_system(),
        .key = r->keys.pair,
        .permit = r->permit,
        .kind = HOST_OPEN,
        .agent = r->agent,
        .limits = {.connections = c->relay_max_connections,
                   .inbound = c->relay_max_connections,
                   .per_address = c->relay_max_per_address,
                   .half_open = HALF_OPEN,
                   .half_open_per_address = c->relay_max_per_address,
                   .streams =
                       c->relay_max_connections + 2 * c->relay_max_visitors + relaying_streams(c),
                   .streams_per_peer = streams < STREAMS ? STREAMS : streams}};
    err = host_new(&spec, &r->host);
    if (err < 0)
        beam_why(why, err, "relay: %s", beam_err_text(err));
    else
        err = listen_for_owners(r, why);
out:
    if (err < 0)
        free_peer(r);
    return err;
}

/* ---- the endpoints -------------------------------------------------------------------------- */

static void free_endpoints(void *arg)
{
    struct operator* r = arg;
    operator_front_free(r->front);
    registrar_free(r->registrar);
    ports_free(r->ports);
    lease_store_close(r->store);
    operator_rules_close(&r->rules);
    r->front = NULL;
    r->registrar = NULL;
    r->ports = NULL;
    r->store = NULL;
}

static int open_store(struct operator* r, struct beam_why *why)
{
    const struct conf *c = r->setup->conf;
    struct lease_limits limits = {.total = c->relay_max_reservations,
                                  .each_owner = c->relay_max_per_key,
                                  .lease_ms = c->relay_lease,
                                  .hold_ms = c->relay_hold};
    const struct clock_source *clock = clock_system();
    int err = operator_ports_limits(c, &limits, why);
    if (err < 0)
        return err;
    char *path = file_join(r->setup->home->relay, "leases.db");
    if (!path)
        return beam_why(why, BEAM_ENOMEM, "relay: out of memory");
    err = lease_store_open(path, &limits, rng_system(), clock->wall_ms(clock->arg), &r->store, why);
    free(path);
    return err;
}

static int open_ports(struct operator* r, struct beam_why *why)
{
    const struct operator_ports_spec spec = {.loop = r->loop,
                                             .conf = r->setup->conf,
                                             .host = r->host,
                                             .permit = r->permit,
                                             .at = operator_front_at(r->front),
                                             .store = r->store,
                                             .rules = &r->rules};
    return operator_ports_open(&spec, &r->ports, why);
}

static int open_registrar(struct operator* r, struct beam_why *why)
{
    const struct conf *c = r->setup->conf;
    const struct registrar_spec spec = {.loop = r->loop,
                                        .host = r->host,
                                        .store = r->store,
                                        .clock = clock_system(),
                                        .base = operator_front_base(r->front),
                                        .terms = &r->rules.terms,
                                        .guard = r->rules.guard,
                                        .traffic = r->rules.traffic,
                                        .names = &r->rules.names,
                                        .work = r->rules.work,
                                        .ports = r->ports,
                                        .work_least = &r->rules.work_least,
                                        .max_reservations = c->relay_max_reservations,
                                        .counts = &r->rules.counts,
                                        .lease_ms = c->relay_lease,
                                        .max_body = c->relay_max_body,
                                        .max_streams = c->relay_max_streams,
                                        .visitor_addresses = c->relay_visitor_addresses};
    int err = registrar_new(&spec, &r->registrar);
    return err < 0 ? beam_why(why, err, "relay: %s", beam_err_text(err)) : 0;
}

static int open_front(struct operator* r, struct beam_why *why)
{
    const struct operator_options *o = r->options;
    const struct operator_front_spec spec = {.loop = r->loop,
                                             .conf = r->setup->conf,
                                             .permit = r->permit,
                                             .interstitial = r->keys.interstitial,
                                             .listen = o->listen,
                                             .tls_listen = o->tls_listen,
                                             .certificates = {.loop = r->loop,
                                                              .conf = r->setup->conf,
                                                              .dir = r->setup->home->relay,
                                                              .acme = o->acme,
                                                              .email = o->email,
                                                              .warning = on_warning,
                                                              .arg = r},
                                             .is_public = is_public(r)};
    return operator_front_open(&spec, &r->front, why);
}

static int open_rules(struct operator* r, struct beam_why *why)
{
    return operator_rules_open(r->loop, r->setup->conf, r->setup->home->relay,
                               operator_front_is_local(r->front),
                               operator_front_takes_tls(r->front), &r->rules, why);
}

static int serve(struct operator* r, struct beam_why *why)
{
    return operator_front_serve(r->front, r->host, r->store, &r->rules, why);
}

static int start_endpoints(void *arg, struct beam_why *why)
{
    struct operator* r = arg;
    int err = open_front(r, why);
    if (err == 0)
        err = open_rules(r, why);
    if (err == 0)
        err = open_store(r, why);
    if (err == 0)
        err = open_ports(r, why);
    if (err == 0)
        err = open_registrar(r, why);
    if (err == 0)
        err = serve(r, why);
    if (err < 0)
        free_endpoints(r);
    return err;
}

/* ---- the onion service ---------------------------------------------------------------------- */

static void on_onion_up(void *arg, const char *address)
{
    struct operator* r = arg;
    operator_say_onion(&r->say, address);
}

static void free_onion(void *arg)
{
    struct operator* r = arg;
    operator_onion_free(r->onion);
    r->onion = NULL;
}

static int start_onion(void *arg, struct beam_why *why)
{
    struct operator* r = arg;
    const struct operator_onion_spec spec = {.loop = r->loop,
                                             .host = r->host,
                                             .conf = r->setup->conf,
                                             .dir = r->setup->home->relay,
                                             .key = r->keys.onion,
                                             .up = on_onion_up,
                                             .warning = on_warning,
                                             .arg = r};
    if (!r->setup->conf->relay_tor)
        return 0;
    r->keys.onion = NULL; /* the onion's now */
    return operator_onion_new(&spec, &r->onion, why);
}

static void on_onion_stopped(void *arg)
{
    struct operator* r = arg;
    subsystems_stopped(&r->subsystems);
}

static bool stop_onion(void *arg)
{
    struct operator* r = arg;
    return !r->onion || operator_onion_stop(r->onion, on_onion_stopped, r);
}

/* ---- denylists from elsewhere --------------------------------------------------------------- */

static void free_lists(void *arg)
{
    struct operator* r = arg;
    operator_lists_free(r->lists);
    r->lists = NULL;
}

static int start_lists(void *arg, struct beam_why *why)
{
    struct operator* r = arg;
    const struct operator_lists_spec spec = {.loop = r->loop,
                                             .conf = r->setup->conf,
                                             .permit = r->permit,
                                             .tor = r->onion ? operator_onion_tor(r->onion) : NULL,
                                             .lists = r->rules.denylists,
                                             .warning = on_warning,
                                             .arg = r};
    return operator_lists_new(&spec, &r->lists, why);
}

/* ---- the network ---------------------------------------------------------------------------- */

static void free_network(void *arg)
{
    struct operator* r = arg;
    operator_network_free(r->network);
    r->network = NULL;
}

static int start_network(void *arg, struct beam_why *why)
{
    struct operator* r = arg;
    const struct operator_network_spec spec = {.loop = r->loop,
                                               .host = r->host,
                                               .policy = &r->policy,
                                               .permit = r->permit,
                                               .key = r->keys.pair,
                                               .store = r->store,
                                               .terms = &r->rules.terms,
                                               .conf = r->setup->conf,
                                               .base = operator_front_base(r->front),
                                               .dir = r->setup->home->relay,
                                               .version = r->options->daemon.version};
    return operator_network_new(&spec, &r->network, why);
}

/* ---- its operator's commands ---------------------------------------------------------------- */

static void free_control(void *arg)
{
    struct operator* r = arg;
    operator_control_free(r->control);
    r->control = NULL;
}

static void on_denylist(void *arg)
{
    struct operator* r = arg;
    if (r->control)
        operator_acts_enforce(&r->acts);
}

static int start_control(void *arg, struct beam_why *why)
{
    struct operator* r = arg;
    r->rules.changed = on_denylist;
    r->rules.arg = r;
    r->acts = (struct operator_acts){.host = r->host,
                                     .front = operator_front_visitors(r->front),
                                     .ports = r->ports,
                                     .store = r->store,
                                     .bans = r->rules.bans,
                                     .denylists = r->rules.denylists,
                                     .key = r->keys.pair,
                                     .base = operator_front_base(r->front),
                                     .clock = clock_system()};
    return operator_control_new(r->loop, r->setup->home->operator, r->options->daemon.version,
                                &r->acts, &r->control, why);
}

/* ---- its counts ----------------------------------------------------------------------------- */

static void count_now(void *arg, struct counts_now *out)
{
    struct operator* r = arg;
    *out = (struct counts_now){.visitors = front_visitors(operator_front_visitors(r->front)) +
                                           ports_visitors(r->ports),
                               .ports = ports_count(r->ports),
                               .reservations = lease_count(r->store),
                               .owners = host_peers(r->host),
                               .bans = bans_count(r->rules.bans),
                               .carried = traffic_used(r->rules.traffic),
                               .month = r->setup->conf->relay_month,
                               .blocks = buf_pool_used(loop_pool(r->loop)),
                               .work = registrar_work(r->registrar)};
}

static void free_metrics(void *arg)
{
    struct operator* r = arg;
    operator_metrics_free(r->metrics);
    r->metrics = NULL;
}

static int start_metrics(void *arg, struct beam_why *why)
{
    struct operator* r = arg;
    const struct operator_metrics_spec spec = {.loop = r->loop,
                                               .listen = r->setup->conf->metrics_listen,
                                               .counts = &r->rules.counts,
                                               .now = count_now,
                                               .arg = r};
    return spec.listen[0] ? operator_metrics_new(&spec, &r->metrics, why) : 0;
}

static const struct subsystem table[] = {
    {"signals", start_signals, NULL, free_signals},
    {"peer", start_peer, NULL, free_peer},
    {"endpoints", start_endpoints, NULL, free_endpoints},
    {"onion", start_onion, stop_onion, free_onion},
    {"lists", start_lists, NULL, free_lists},
    {"network", start_network, NULL, free_network},
    {"control", start_control, NULL, free_control},
    {"metrics", start_metrics, NULL, free_metrics},
};

/* ---- its life ------------------------------------------------------------------------------- */

static void say_where(const struct operator* r)
{
    const struct endpoint_base *base = operator_front_base(r->front);
    char front[sizeof(base->host) + 8], p2p[MULTIADDR_TEXT_SIZE], id[PEER_ID_TEXT_SIZE];
    struct multiaddr a;
    const struct multiaddr *at = host_addr(r->host, 0);
    snprintf(front, sizeof(front), "%s://%s", endpoint_scheme(base), base->host);
    peer_id_text(host_id(r->host), id);
    if (!at || multiaddr_with_peer(at, host_id(r->host), &a) < 0)
        return;
    multiaddr_text(&a, p2p);
    operator_say_listening(&r->say, front, p2p, id);
}

static int run(struct operator* r, struct beam_why *why)
{
    int err = loop_new(&r->loop);
    if (err < 0)
        return beam_why(why, err, "relay: no event loop: %s", beam_err_text(err));
    subsystems_init(&r->subsystems, r->loop, table, sizeof(table) / sizeof(table[0]), r);
    err = subsystems_start(&r->subsystems, why);
    if (err == 0) {
        say_where(r);
        operator_say_ready(&r->say);
        err = loop_run(r->loop);
        if (err < 0)
            beam_why(why, err, "relay: the event loop failed: %s", strerror(errno));
    }
    subsystems_clear(&r->subsystems);
    loop_free(r->loop);
    if (err == 0)
        operator_say_stopped(&r->say);
    return err;
}

/* With the pid file's lock in hand there is no other relay of this user's. */
static int run_alone(struct operator* r, struct beam_why *why)
{
    struct pidfile *pid;
    char *path = file_join(r->setup->home->relay, "relay.pid");
    int err = path ? pidfile_take(path, "relay", &pid, why)
                   : beam_why(why, BEAM_ENOMEM, "relay: out of memory");
    free(path);
    if (err < 0)
        return err;
    if (r->setup->log && (err = log_open(r->setup->log)) < 0)
        beam_why(why, err, "%s: the log cannot be written: %s", r->setup->log, strerror(errno));
    if (err == 0)
        err = run(r, why);
    pidfile_free(pid);
    return err;
}

int operator_run(const struct operator_options *options, struct beam_why *why)
{
    struct operator r = {.options = options,
                         .say = {.json = options->json, .version = options->daemon.version}};
    int err = setup_read(&options->daemon, &r.setup, why);
    if (err < 0)
        return err;
    log_set_level(r.setup->conf->log_level);
    log_set_scrub(r.setup->conf->log_scrub);
    err = setup_prepare(r.setup, why);
    if (err == 0)
        err = file_private_dir(r.setup->home->relay, why);
    if (err == 0)
        err = process_prepare(why);
    if (err == 0)
        err = run_alone(&r, why);
    setup_free(r.setup);
    return err;
}
