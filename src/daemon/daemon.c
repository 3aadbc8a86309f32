/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/daemon.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "daemon/detach.h"
#include "daemon/hangup.h"
#include "daemon/inquiry.h"
#include "daemon/network.h"
#include "daemon/pidfile.h"
#include "daemon/process.h"
#include "daemon/reload.h"
#include "daemon/server.h"
#include "daemon/setup.h"
#include "daemon/subsystems.h"
#include "identity/keystore.h"
#include "tor/service_dir.h"
#include "tunnel/departures.h"

enum {
    STOP_MS = 1800,        /* from SIGTERM to the end */
    FIRST_LINGER_MS = 5000 /* at least, for whoever had it started */
};

struct daemon {
    const struct daemon_options *options;
    struct setup *setup;
    struct loop *loop;
    struct subsystems subsystems;
    struct loop_timer linger;
    struct loop_signal signals[3];
    struct hangup hangup;
    struct tor *tor;
    struct keystore *keys;
    struct isolation isolation;
    char *relays_dir, *services_dir;
    struct network *network;
    struct inquiries *inquiries;
    struct tunnel_world tunnel_world;
    struct departures *departures;
    struct publications *publications;
    struct session_world session_world;
    struct server *server;
};

/* ---- its end ---- */

static void on_stopped(void *arg)
{
    struct daemon *d = arg;
    loop_stop(d->loop);
}

static void stop(struct daemon *d)
{
    loop_timer_clear(&d->linger);
    subsystems_stop(&d->subsystems, STOP_MS, on_stopped);
}

/* SIGHUP. What a tunnel is given, those have that are opened from now on. */
static void read_again(struct daemon *d)
{
    bool tor = false;
    struct beam_why why;
    struct tor_options options;
    if (reload(d->setup, d->options, &tor, &why) < 0)
        return;
    d->tunnel_world.connect_timeout = d->setup->conf->tunnel_connect_timeout;
    d->tunnel_world.max_streams = d->setup->conf->tunnel_max_streams;
    setup_tor_options(d->setup, &options);
    if (tor && tor_set_options(d->tor, &options) < 0)
        log_error("daemon", "tor is left as it was: out of memory");
}

static void on_signal(void *arg, int signum)
{
    const struct daemon *d = arg;
    if (signum == SIGHUP && !hangup_ends(&d->hangup)) {
        read_again(arg);
        return;
    }
    log_info("daemon", "ends on signal %d", signum);
    stop(arg);
}

static void on_linger(void *arg)
{
    log_info("daemon", "ends: nothing left to do");
    stop(arg);
}

/* A tunnel or a session has come or gone. */
static void on_changed(void *arg)
{
    struct daemon *d = arg;
    if (!d->options->on_demand || d->subsystems.state != SUBSYSTEMS_UP)
        return;
    if (publications_count(d->publications) > 0 || server_sessions(d->server) > 0)
        loop_timer_clear(&d->linger);
    else
        loop_timer_set(&d->linger, d->setup->conf->daemon_linger);
}

/* ---- the parts ---- */

static void free_signals(void *arg)
{
    struct daemon *d = arg;
    for (size_t i = 0; i < sizeof(d->signals) / sizeof(d->signals[0]); i++)
        loop_signal_stop(&d->signals[i]);
}

static int start_signals(void *arg, struct beam_why *why)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    struct daemon *d = arg;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        int err = loop_signal_start(d->loop, &d->signals[i], numbers[i], on_signal, d);
        if (err < 0) {
            free_signals(d);
            return beam_why(why, err, "daemon: signal %d cannot be watched", numbers[i]);
        }
    }
    return 0;
}

static void on_tor_state(void *arg, enum tor_state state, const struct beam_why *why,
                         uint64_t retry_ms)
{
    struct daemon *d = arg;
    if (why)
        log_warn("tor", "%s: %s; next try in %llu ms", tor_state_name(state), why->text,
                 (unsigned long long)retry_ms);
    else
        log_info("tor", "%s, pid %ld", tor_state_name(state), (long)tor_pid(d->tor));
}

static void on_tor_progress(void *arg, int percent, const char *summary)
{
    struct daemon *d = arg;
    log_info("tor", "%d %%: %s", percent, summary);
    if (d->publications)
        publications_tor_progress(d->publications, percent, summary);
}

static void on_tor_warning(void *arg, const struct beam_why *why)
{
    struct daemon *d = arg;
    log_warn("tor", "%s", why->text);
    if (d->publications)
        publications_tor_warning(d->publications, why);
}

static void free_tor(void *arg)
{
    struct daemon *d = arg;
    tor_free(d->tor);
    if (d->services_dir)
        service_dir_sweep(d->services_dir);
    free(d->services_dir);
    d->tor = NULL;
    d->services_dir = NULL;
}

static int start_tor(void *arg, struct beam_why *why)
{
    struct daemon *d = arg;
    struct tor_options options;
    setup_tor_options(d->setup, &options);
    const struct tor_events ev = {
        .state = on_tor_state, .progress = on_tor_progress, .warning = on_tor_warning, .arg = d};
    isolation_init(&d->isolation, rng_system());
    d->services_dir = file_join(d->setup->home->run, "services");
    if (d->services_dir)
        service_dir_sweep(d->services_dir); /* of one that was killed */
    int err = d->services_dir ? tor_new(d->loop, &options, &ev, &d->tor) : BEAM_ENOMEM;
    if (err == 0)
        return 0;
    free_tor(d);
    return beam_why(why, err, "tor: %s", beam_err_text(err));
}

static void on_part_stopped(void *arg)
{
    struct daemon *d = arg;
    subsystems_stopped(&d->subsystems);
}

static bool stop_tor(void *arg)
{
    struct daemon *d = arg;
    if (tor_state(d->tor) == TOR_OFF)
        return true;
    tor_stop(d->tor, on_part_stopped, d);
    return false;
}

/* The store is made by the first tunnel that needs it; one with a passphrase waits for that. What
 * is wrong with the file is refused later, in words, but for a mode that lets others read it. */
static int start_keys(void *arg, struct beam_why *why)
{
    struct daemon *d = arg;
    int err = keystore_new(d->setup->home->data, KEYSTORE_OWN, rng_system(), &d->keys);
    if (err < 0)
        return beam_why(why, err, "key store: %s", beam_err_text(err));
    if (keystore_state(d->keys) != KEYSTORE_NONE)
        err = keystore_open(d->keys, why);
    if (err == BEAM_EPERM) {
        keystore_free(d->keys);
        d->keys = NULL;
        return err;
    }
    if (err < 0)
        log_warn("daemon", "%s", why->text);
    return 0;
}

static void free_keys(void *arg)
{
    struct daemon *d = arg;
    keystore_free(d->keys);
    d->keys = NULL;
}

static struct onion_limits onion_limits(const struct conf *c)
{
    return (struct onion_limits){.max_streams = (unsigned)c->onion_max_streams,
                                 .pow = c->onion_pow,
                                 .pow_rate = (unsigned)c->onion_pow_rate,
                                 .pow_burst = (unsigned)c->onion_pow_burst};
}

static void free_publications(void *arg)
{
    struct daemon *d = arg;
    publications_free(d->publications);
    departures_free(d->departures);
    d->publications = NULL;
    d->departures = NULL;
}

static void free_network(void *arg)
{
    struct daemon *d = arg;
    inquiries_free(d->inquiries);
    network_free(d->network);
    free(d->relays_dir);
    d->inquiries = NULL;
    d->network = NULL;
    d->relays_dir = NULL;
}

static int start_network(void *arg, struct beam_why *why)
{
    struct daemon *d = arg;
    const struct network_spec spec = {.loop = d->loop,
                                      .tor = d->tor,
                                      .isolation = &d->isolation,
                                      .keys = d->keys,
                                      .conf = d->setup->conf,
                                      .rng = rng_system(),
                                      .clock = clock_system(),
                                      .run_dir = d->setup->home->run,
                                      .keep_dir = d->setup->home->data,
                                      .version = d->options->version};
    int err = network_new(&spec, &d->network, why);
    if (err < 0)
        return err;
    d->relays_dir = file_join(d->setup->home->data, "relays");
    err = d->relays_dir ? inquiries_new(d->network, d->relays_dir, &d->inquiries) : BEAM_ENOMEM;
    if (err < 0) {
        free_network(d);
        beam_why(why, err, "network: %s", beam_err_text(err));
    }
    return err;
}

static int start_publications(void *arg, struct beam_why *why)
{
    struct daemon *d = arg;
    int err = departures_new(d->loop, &d->departures);
    if (err < 0)
        return beam_why(why, err, "daemon: %s", beam_err_text(err));
    d->tunnel_world =
        (struct tunnel_world){.loop = d->loop,
                              .tor = d->tor,
                              .isolation = &d->isolation,
                              .rng = rng_system(),
                              .clock = clock_system(),
                              .keys = d->keys,
                              .run_dir = d->setup->home->run,
                              .relays_dir = d->relays_dir,
                              .ca_file = d->setup->conf->relay_ca,
                              .bootstrap = d->setup->conf->network_bootstrap,
                              .rendezvous = d->setup->conf->network_rendezvous_bootstrap,
                              .departures = d->departures,
                              .connect_timeout = d->setup->conf->tunnel_connect_timeout,
                              .max_streams = d->setup->conf->tunnel_max_streams,
                              .tls_check = d->setup->conf->tunnel_tls_check,
                              .onion_watch = d->setup->conf->onion_watch,
                              .services_dir = d->services_dir,
                              .onion_limits = onion_limits(d->setup->conf)};
    const struct publications_spec spec = {
        .world = &d->tunnel_world, .conf = d->setup->conf, .changed = on_changed, .arg = d};
    err = publications_new(&spec, &d->publications);
    if (err == 0)
        return 0;
    free_publications(d);
    return beam_why(why, err, "daemon: %s", beam_err_text(err));
}

/* Those who hear a tunnel have been told; relays are, for a moment. */
static bool stop_publications(void *arg)
{
    struct daemon *d = arg;
    if (departures_empty(d->departures))
        return true;
    departures_wait(d->departures, on_part_stopped, d);
    return false;
}

static int start_control(void *arg, struct beam_why *why)
{
    struct daemon *d = arg;
    const struct clock_source *clock = clock_system();
    d->session_world = (struct session_world){.loop = d->loop,
                                              .clock = clock,
                                              .version = d->options->version,
                                              .conf = d->setup->conf,
                                              .config = d->setup->config,
                                              .tor = d->tor,
                                              .publications = d->publications,
                                              .keys = d->keys,
                                              .inquiries = d->inquiries,
                                              .started = clock->wall_ms(clock->arg)};
    const struct server_events ev = {.changed = on_changed, .stopped = on_part_stopped, .arg = d};
    return server_new(&d->session_world, d->setup->home->control, &ev, &d->server, why);
}

/* Those who hear a tunnel are told why it ends before their connection does. */
static bool stop_control(void *arg)
{
    struct daemon *d = arg;
    struct beam_why why;
    beam_why(&why, BEAM_ECLOSED, "daemon: it was told to end, and its tunnels end with it");
    publications_stop(d->publications, &why);
    server_stop(d->server);
    return false;
}

static void free_control(void *arg)
{
    struct daemon *d = arg;
    server_free(d->server);
    d->server = NULL;
}

static const struct subsystem table[] = {
    {"signals", start_signals, NULL, free_signals},
    {"tor", start_tor, stop_tor, free_tor},
    {"keys", start_keys, NULL, free_keys},
    {"network", start_network, NULL, free_network},
    {"publications", start_publications, stop_publications, free_publications},
    {"control", start_control, stop_control, free_control},
};

/* ---- its life ---- */

/* It serves now. Whoever waits for that is told. */
static int announce(struct daemon *d, struct beam_why *why)
{
    log_info("daemon", "beam %s serves as pid %ld", d->options->version, (long)getpid());
    if (!d->options->on_demand) {
        fprintf(stderr, "beam %s: daemon ready, pid %ld, socket %s\n", d->options->version,
                (long)getpid(), d->setup->home->control);
        return 0;
    }
    uint64_t linger = d->setup->conf->daemon_linger;
    loop_timer_set(&d->linger, linger > FIRST_LINGER_MS ? linger : FIRST_LINGER_MS);
    return detach_ready(d->setup->log, why);
}

static int run(struct daemon *d, struct beam_why *why)
{
    int err = loop_new(&d->loop);
    if (err < 0)
        return beam_why(why, err, "daemon: no event loop: %s", beam_err_text(err));
    loop_timer_init(d->loop, &d->linger, on_linger, d);
    subsystems_init(&d->subsystems, d->loop, table, sizeof(table) / sizeof(table[0]), d);
    err = subsystems_start(&d->subsystems, why);
    if (err == 0)
        err = announce(d, why);
    if (err == 0 && (err = loop_run(d->loop)) < 0)
        beam_why(why, err, "daemon: the event loop failed: %s", strerror(errno));
    loop_timer_clear(&d->linger);
    subsystems_clear(&d->subsystems);
    loop_free(d->loop);
    return err;
}

/* With the pid file's lock in hand there is no other daemon. */
static int run_alone(struct daemon *d, struct beam_why *why)
{
    struct pidfile *pid;
    int err = pidfile_take(d->setup->home->pid, "daemon", &pid, why);
    if (err < 0)
        return err == BEAM_EEXIST && d->options->on_demand ? 0 : err;
    if (d->setup->log && (err = log_open(d->setup->log)) < 0)
        beam_why(why, err, "%s: the log cannot be written: %s", d->setup->log, strerror(errno));
    if (err == 0)
        err = run(d, why);
    pidfile_free(pid);
    return err;
}

int daemon_run(const struct daemon_options *options, struct beam_why *why)
{
    struct daemon d = {.options = options};
    if (options->on_demand)
        detach_begin(); /* and no terminal ends it */
    else
        hangup_init(&d.hangup);
    int err = setup_read(options, &d.setup, why);
    if (err < 0)
        return err;
    log_set_level(d.setup->conf->log_level);
    log_set_scrub(d.setup->conf->log_scrub);
    err = setup_prepare(d.setup, why);
    if (err == 0)
        err = process_prepare(why);
    if (err == 0)
        err = run_alone(&d, why);
    setup_free(d.setup);
    return err;
}

int daemon_check(const struct daemon_options *options, const char *policy, struct beam_why *why)
{
    struct setup *s;
    struct policy found;
    int err = setup_read(options, &s, why);
    if (err < 0)
        return err;
    err = policy_find(s->conf, policy ? policy : s->conf->policy_default, &found, why);
    if (err == BEAM_ENOTFOUND)
        err = why->code = BEAM_EUSAGE;
    setup_free(s);
    return err;
}
