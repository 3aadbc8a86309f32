/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/operator.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "daemon/operator_parts.h"
#include "daemon/pidfile.h"
#include "daemon/process.h"
#include "daemon/reload.h"
#include "p2p/standing.h"

enum {
    STOP_MS = 1800,  /* from SIGTERM to the end */
    FIRST_MS = 30000 /* for a further process to hear of the first */
};

void operator_on_warning(void *arg, const struct beam_why *why)
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
    if (!r->acts.host)
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
    if (r->index == 0)
        operator_crew_again(r->crew, true);
}

static void on_signal(void *arg, int signum)
{
    struct operator* r = arg;
    if (signum == SIGHUP && !hangup_ends(&r->hangup)) {
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

/* Whoever wants a certificate from an ACME server wants visitors from everywhere. */
static bool is_public(const struct operator* r)
{
    return r->options->acme || r->setup->conf->relay_acme[0];
}

static void free_peer(void *arg)
{
    struct operator* r = arg;
    operator_peer_close(&r->peer);
    operator_keys_clear(&r->keys);
}

static int start_peer(void *arg, struct beam_why *why)
{
    struct operator* r = arg;
    int err = operator_keys_read(r->setup->home->relay, &r->keys, why);
    if (err < 0)
        return err;
    const struct operator_peer_spec spec = {.loop = r->loop,
                                            .conf = r->setup->conf,
                                            .key = r->keys.pair,
                                            .version = r->options->daemon.version,
                                            .listen = r->options->p2p,
                                            .is_public = is_public(r),
                                            .sharing = operator_crew_sharing(r->index, r->workers),
                                            .workers = r->workers};
    err = operator_peer_open(&spec, &r->peer, why);
    if (err < 0)
        free_peer(r);
    return err;
}

/* ---- the endpoints -------------------------------------------------------------------------- */

static void free_endpoints(void *arg)
{
    struct operator* r = arg;
    registrar_free(r->registrar);
    ports_free(r->ports);
    operator_front_free(r->front);
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
    uint64_t now = clock->wall_ms(clock->arg);
    err = r->index == 0 ? lease_store_open(path, &limits, rng_system(), now, &r->store, why)
                        : lease_store_follow(path, &limits, rng_system(), now, &r->store, why);
    free(path);
    return err;
}

static int open_ports(struct operator* r, struct beam_why *why)
{
    const struct operator_ports_spec spec = {.loop = r->loop,
                                             .conf = r->setup->conf,
                                             .host = r->peer.host,
                                             .permit = r->peer.permit,
                                             .at = operator_front_at(r->front),
                                             .store = r->store,
                                             .front = operator_front_visitors(r->front),
                                             .rules = &r->rules};
    return operator_ports_open(&spec, &r->ports, why);
}

static int open_registrar(struct operator* r, struct beam_why *why)
{
    const struct conf *c = r->setup->conf;
    const struct registrar_spec spec = {.loop = r->loop,
                                        .host = r->peer.host,
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

static void on_issued(void *arg)
{
    struct operator* r = arg;
    operator_crew_again(r->crew, true);
}

static int open_front(struct operator* r, struct beam_why *why)
{
    const struct operator_options *o = r->options;
    const struct operator_front_spec spec = {.loop = r->loop,
                                             .conf = r->setup->conf,
                                             .permit = r->peer.permit,
                                             .interstitial = r->keys.interstitial,
                                             .listen = o->listen,
                                             .tls_listen = o->tls_listen,
                                             .certificates = {.loop = r->loop,
                                                              .conf = r->setup->conf,
                                                              .dir = r->setup->home->relay,
                                                              .acme = o->acme,
                                                              .email = o->email,
                                                              .warning = operator_on_warning,
                                                              .issued = on_issued,
                                                              .arg = r},
                                             .index = r->index,
                                             .workers = r->workers,
                                             .is_public = is_public(r)};
    return operator_front_open(&spec, &r->front, why);
}

static int open_rules(struct operator* r, struct beam_why *why)
{
    r->rules.index = r->index;
    r->rules.workers = r->workers;
    return operator_rules_open(r->loop, r->setup->conf, r->setup->home->relay,
                               operator_front_is_local(r->front),
                               operator_front_takes_tls(r->front), &r->rules, why);
}

static int serve(struct operator* r, struct beam_why *why)
{
    return operator_front_serve(r->front, r->peer.host, r->store, &r->rules, why);
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
        err = serve(r, why);
    if (err == 0 && r->index == 0)
        err = open_ports(r, why);
    if (err == 0 && r->index == 0)
        err = open_registrar(r, why);
    if (err < 0)
        free_endpoints(r);
    return err;
}

/* ---- what holds for all of it --------------------------------------------------------------- */

static void on_denylist(void *arg)
{
    struct operator* r = arg;
    operator_acts_enforce(&r->acts);
    if (r->index == 0)
        operator_crew_again(r->crew, true);
}

/* Who comes from a banned net has no connection. Who has a banned key has one, to ask for a
 * reservation and be told why there is none, and nothing else. */
static bool shuts(void *arg, const struct peer_id *peer, const struct multiaddr *from,
                  const char *protocol)
{
    const struct operator* r = arg;
    struct net net = {.version = 0};
    bool asks = protocol && strcmp(protocol, RESERVATION_PROTOCOL) == 0;
    if (from)
        net_of_multiaddr(from, &net);
    return guard_shuts_out(r->rules.guard, protocol && !asks ? peer : NULL, &net);
}

static void free_acts(void *arg)
{
    struct operator* r = arg;
    standing_gate(r->peer.host, NULL);
    r->rules.changed = NULL;
    r->acts = (struct operator_acts){.host = NULL};
}

static int start_acts(void *arg, struct beam_why *why)
{
    struct operator* r = arg;
    (void)why;
    r->acts = (struct operator_acts){.host = r->peer.host,
                                     .front = operator_front_visitors(r->front),
                                     .ports = r->ports,
                                     .store = r->store,
                                     .bans = r->rules.bans,
                                     .denylists = r->rules.denylists,
                                     .key = r->keys.pair,
                                     .base = operator_front_base(r->front),
                                     .clock = clock_system()};
    standing_gate(r->peer.host, &(struct standing_gate){.shuts = shuts, .arg = r});
    r->rules.changed = on_denylist;
    r->rules.arg = r;
    return 0;
}

/* ---- the other processes -------------------------------------------------------------------- */

static void on_ready(void *arg)
{
    struct operator* r = arg;
    loop_timer_clear(&r->first);
    operator_front_go(r->front);
}

static void on_no_first(void *arg)
{
    struct operator* r = arg;
    r->alone = true;
    loop_stop(r->loop);
}

/* Nothing serves without the first: it is started again by whom this one is, too. */
static void on_lost(void *arg)
{
    struct operator* r = arg;
    log_error("relay", "worker %u ends, for the first is gone", r->index);
    loop_stop(r->loop);
}

static void on_again(void *arg, bool all)
{
    struct operator* r = arg;
    struct beam_why why = {.text = ""};
    if (all)
        reread(r);
    else if (bans_reread(r->rules.bans, &why) < 0)
        log_error("relay", "%s", why.text);
    else
        operator_acts_enforce(&r->acts);
}

static void free_crew(void *arg)
{
    struct operator* r = arg;
    loop_timer_clear(&r->first);
    operator_crew_free(r->crew);
    r->crew = r->acts.crew = NULL;
}

static int start_crew(void *arg, struct beam_why *why)
{
    struct operator* r = arg;
    const struct operator_crew_spec spec = {.loop = r->loop,
                                            .conf = r->setup->conf,
                                            .dir = r->setup->home->run,
                                            .version = r->options->daemon.version,
                                            .index = r->index,
                                            .count = r->workers,
                                            .host = r->peer.host,
                                            .front = operator_front_visitors(r->front),
                                            .tickets = operator_front_tickets(r->front),
                                            .store = r->store,
                                            .rules = &r->rules,
                                            .registrar = r->registrar,
                                            .ports = r->ports,
                                            .ready = on_ready,
                                            .lost = on_lost,
                                            .again = on_again,
                                            .arg = r};
    loop_timer_init(r->loop, &r->first, on_no_first, r);
    if (r->workers == 1)
        return 0;
    int err = operator_crew_new(&spec, &r->crew, why);
    if (r->index == 0) {
        r->acts.crew = r->crew;
    } else if (err == 0) {
        log_info("relay", "worker %u waits for the relay's first process", r->index);
        loop_timer_set(&r->first, FIRST_MS);
    }
    return err;
}

static const struct subsystem parts[] = {
    {"signals", start_signals, NULL, free_signals},
    {"peer", start_peer, NULL, free_peer},
    {"endpoints", start_endpoints, NULL, free_endpoints},
    {"acts", start_acts, NULL, free_acts},
    {"crew", start_crew, NULL, free_crew},
};

static size_t list_parts(struct operator* r)
{
    const size_t own = sizeof(parts) / sizeof(parts[0]);
    size_t more;
    const struct subsystem *first = operator_first_parts(&more);
    memcpy(r->table, parts, sizeof(parts));
    if (r->index > 0)
        return own;
    memcpy(&r->table[own], first, more * sizeof(*first));
    return own + more;
}

/* ---- its life ------------------------------------------------------------------------------- */

static void say_where(const struct operator* r)
{
    const struct endpoint_base *base = operator_front_base(r->front);
    char front[sizeof(base->host) + 8], p2p[MULTIADDR_TEXT_SIZE], id[PEER_ID_TEXT_SIZE];
    struct multiaddr a;
    const struct multiaddr *at = host_addr(r->peer.host, 0);
    snprintf(front, sizeof(front), "%s://%s", endpoint_scheme(base), base->host);
    peer_id_text(host_id(r->peer.host), id);
    if (!at || multiaddr_with_peer(at, host_id(r->peer.host), &a) < 0)
        return;
    multiaddr_text(&a, p2p);
    operator_say_listening(&r->say, front, p2p, id);
}

static int run(struct operator* r, struct beam_why *why)
{
    int err = loop_new(&r->loop);
    if (err < 0)
        return beam_why(why, err, "relay: no event loop: %s", beam_err_text(err));
    subsystems_init(&r->subsystems, r->loop, r->table, list_parts(r), r);
    err = subsystems_start(&r->subsystems, why);
    if (err == 0) {
        say_where(r);
        operator_say_ready(&r->say);
        err = loop_run(r->loop);
        if (err < 0)
            beam_why(why, err, "relay: the event loop failed: %s", strerror(errno));
        else if (r->alone)
            err = beam_why(why, BEAM_ENODAEMON,
                           "--worker %s: the relay that runs has no such process, or is of another "
                           "version: it did not answer in %d s (it starts these by itself: set "
                           "relay.workers)",
                           r->options->worker, FIRST_MS / 1000);
    }
    subsystems_clear(&r->subsystems);
    loop_free(r->loop);
    if (err == 0)
        operator_say_stopped(&r->say);
    return err;
}

static int run_logged(struct operator* r, struct beam_why *why)
{
    int err = r->setup->log ? log_open(r->setup->log) : 0;
    return err < 0 ? beam_why(why, err, "%s: the log cannot be written: %s", r->setup->log,
                              strerror(errno))
                   : run(r, why);
}

/* With the pid file's lock in hand there is no other relay of this user's. */
static int run_first(struct operator* r, const char *path, struct beam_why *why)
{
    struct pidfile *pid;
    int err = pidfile_take(path, "relay", &pid, why);
    if (err < 0)
        return err;
    err = run_logged(r, why);
    pidfile_free(pid);
    return err;
}

static int run_further(struct operator* r, const char *path, struct beam_why *why)
{
    if (pidfile_held(path))
        return run_logged(r, why);
    return beam_why(why, BEAM_ENODAEMON,
                    "--worker %s: no relay runs (beam relay starts these by itself: set "
                    "relay.workers)",
                    r->options->worker);
}

static int run_either(struct operator* r, struct beam_why *why)
{
    char *path = file_join(r->setup->home->relay, "relay.pid");
    if (!path)
        return beam_why(why, BEAM_ENOMEM, "relay: out of memory");
    int err = r->index == 0 ? run_first(r, path, why) : run_further(r, path, why);
    free(path);
    return err;
}

int operator_run(const struct operator_options *options, struct beam_why *why)
{
    struct operator r = {.options = options,
                         .say = {.json = options->json,
                                 .quiet = options->worker != NULL,
                                 .version = options->daemon.version}};
    hangup_init(&r.hangup);
    int err = setup_read(&options->daemon, &r.setup, why);
    if (err < 0)
        goto out;
    if (!getcwd(r.dir, sizeof(r.dir)))
        snprintf(r.dir, sizeof(r.dir), "/");
    err = options->worker ? worker_pool_parse(options->worker, &r.index, &r.workers, why)
                          : worker_pool_count(r.setup->conf->relay_workers, &r.workers, why);
    if (err < 0)
        goto out;
    log_set_level(r.setup->conf->log_level);
    log_set_scrub(r.setup->conf->log_scrub);
    err = setup_prepare(r.setup, why);
    if (err == 0)
        err = file_private_dir(r.setup->home->relay, why);
    if (err == 0)
        err = process_prepare(why);
    if (err == 0)
        err = run_either(&r, why);
out:
    setup_free(r.setup);
    if (err == 0)
        return 0;
    err = operator_fault(options, err, why);
    operator_say_error(&r.say, why);
    return err;
}
