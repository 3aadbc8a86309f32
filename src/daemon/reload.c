/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/reload.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

static const struct {
    const char *key;
    enum reload_when when;
} rows[] = {
    {"policy.default", RELOAD_NOW},
    {"tunnel.connect_timeout", RELOAD_NOW},
    {"tunnel.max_streams", RELOAD_NOW},
    {"daemon.linger", RELOAD_NOW},
    {"log.level", RELOAD_NOW},
    {"log.scrub", RELOAD_NOW},
    {"log.file", RELOAD_NOW},
    {"onion.tag_circuits", RELOAD_NOW},
    {"tor.binary", RELOAD_TOR},
    {"tor.torrc", RELOAD_TOR},
    {"tor.bridge", RELOAD_TOR},
    {"tor.transport", RELOAD_TOR},
    {"tor.bootstrap_timeout", RELOAD_TOR},
    {"tor.answer_timeout", RELOAD_TOR},
    {"tor.restart_max", RELOAD_TOR},
};

enum reload_when reload_when(const char *key)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strcmp(rows[i].key, key) == 0)
            return rows[i].when;
    return RELOAD_RESTART;
}

/* The same in a relay: now, or not. */
static bool when_relay(const char *key)
{
    static const char *const keys[] = {
        "log.level",
        "log.scrub",
        "log.file",
        "relay.class",
        "relay.friend",
        "relay.methods",
        "relay.content_types",
        "relay.refused_names",
        "relay.denylist",
        "relay.denylist_age",
        "relay.denylist_every",
        "relay.work",
        "relay.bandwidth",
        "relay.month",
        "relay.tunnel_bandwidth",
        "relay.tunnel_month",
        "relay.source_visitors",
        "relay.source_requests",
        "relay.tunnel_requests",
        "relay.key_reservations",
        "relay.source_reservations",
        "relay.key_names",
        "relay.source_names",
    };
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (strcmp(keys[i], key) == 0)
            return true;
    return false;
}

static bool live(const char *key)
{
    return reload_when(key) != RELOAD_RESTART;
}

static void on_changed(void *arg, const char *key, bool taken)
{
    bool *tor = arg;
    if (!taken) {
        log_warn("daemon", "%s has changed, which takes effect when the daemon is started again",
                 key);
    } else if (reload_when(key) == RELOAD_TOR) {
        log_warn("daemon",
                 "%s has changed, which takes effect with the next start of tor (at once, when it "
                 "is not ready yet)",
                 key);
        *tor = true;
    } else {
        log_info("daemon", "%s has changed", key);
    }
}

/* The log as the configuration wants it now. One that cannot be opened leaves the old one. */
static void renew_log(struct setup *s)
{
    log_set_level(s->conf->log_level);
    log_set_scrub(s->conf->log_scrub);
    if (s->log && log_open(s->log) < 0)
        log_error("daemon", "%s: the log cannot be written: %s", s->log, strerror(errno));
}

/* Reads it again, and takes over what `is_live` says can be. */
static int read_again(struct setup *s, const struct daemon_options *options,
                      bool (*is_live)(const char *key),
                      void (*changed)(void *arg, const char *key, bool taken), void *arg,
                      struct beam_why *why)
{
    struct setup *fresh = NULL;
    int err = setup_read(options, &fresh, why);
    if (err == 0)
        err = setup_kept(s, fresh, why);
    if (err < 0) {
        log_error("daemon", "the configuration is left as it was: %s", why->text);
        setup_free(fresh);
        return err;
    }
    s->had_system = fresh->had_system;
    s->had_config = fresh->had_config;
    conf_adopt(s->conf, fresh->conf, is_live, changed, arg);
    char *log = s->log;
    s->log = fresh->log;
    fresh->log = log;
    setup_free(fresh);
    renew_log(s);
    log_info("daemon", "the configuration was read again");
    return 0;
}

int reload(struct setup *s, const struct daemon_options *options, bool *tor, struct beam_why *why)
{
    bool of_tor = false;
    int err = read_again(s, options, live, on_changed, &of_tor, why);
    if (err == 0)
        *tor = of_tor;
    return err;
}

static void on_changed_relay(void *arg, const char *key, bool taken)
{
    (void)arg;
    if (taken)
        log_info("relay", "%s has changed", key);
    else
        log_warn("relay", "%s has changed, which takes effect when the relay is started again",
                 key);
}

int reload_relay(struct setup *s, const struct daemon_options *options, struct beam_why *why)
{
    return read_again(s, options, when_relay, on_changed_relay, NULL, why);
}
