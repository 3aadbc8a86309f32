/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/operator_onion.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/log.h"
#include "path/onion.h"

enum { ONION_PORT = 4001 };

struct operator_onion {
    struct operator_onion_spec spec;
    struct tor *tor;
    struct path *onion;
    struct multiaddr address;
    char text[MULTIADDR_TEXT_SIZE]; /* of it, with the peer id */
};

static void on_state(void *arg, struct path *p, enum path_state state, const struct beam_why *why,
                     uint64_t retry_ms)
{
    struct operator_onion *o = arg;
    (void)p;
    (void)retry_ms;
    if (state == PATH_UP)
        o->spec.up(o->spec.arg, o->text);
    else if (why)
        o->spec.warning(o->spec.arg, why);
}

static void on_warning(void *arg, struct path *p, const struct beam_why *why)
{
    struct operator_onion *o = arg;
    (void)p;
    o->spec.warning(o->spec.arg, why);
}

static void on_owner(void *arg, struct path *p, struct stream *s, const char *circuit)
{
    (void)circuit;
    struct operator_onion *o = arg;
    (void)p;
    host_accept(o->spec.host, s, WAY_ONION, NULL);
}

static void on_tor_state(void *arg, enum tor_state state, const struct beam_why *why,
                         uint64_t retry_ms)
{
    (void)arg;
    (void)retry_ms;
    log_info("relay", "tor is %s%s%s", tor_state_name(state), why ? ": " : "",
             why ? why->text : "");
}

/* What others reach it by, announced and shown. */
static int announce(struct operator_onion *o, const struct onion_key *key)
{
    struct multiaddr whole;
    int n = snprintf(o->text, sizeof(o->text), "/onion3/%s:%d", onion_key_address(key), ONION_PORT);
    int err = multiaddr_parse(o->text, (size_t)n, &o->address, NULL);
    if (err == 0)
        err = multiaddr_with_peer(&o->address, host_id(o->spec.host), &whole);
    if (err < 0)
        return err;
    multiaddr_text(&whole, o->text);
    return host_announce(o->spec.host, &o->address, true);
}

static int make_tor(struct operator_onion *o, const char *dir, struct beam_why *why)
{
    const struct conf *c = o->spec.conf;
    const struct tor_options options = {.control = c->tor_control,
                                        .control_password_file = c->tor_control_password_file,
                                        .binary = c->tor_binary,
                                        .dir = dir,
                                        .torrc = c->tor_torrc,
                                        .bridges = {c->tor_bridge, c->tor_transport},
                                        .bootstrap_timeout = c->tor_bootstrap_timeout,
                                        .answer_timeout = c->tor_answer_timeout,
                                        .restart_max = c->tor_restart_max};
    const struct tor_events events = {.state = on_tor_state, .arg = o};
    int err = file_private_dir(dir, why);
    if (err < 0)
        return err;
    err = tor_new(o->spec.loop, &options, &events, &o->tor);
    return err < 0 ? beam_why(why, err, "relay: %s", beam_err_text(err)) : 0;
}

/* Takes the key over. */
static int publish(struct operator_onion *o, const char *dir, struct beam_why *why)
{
    const struct path_events events = {
        .state = on_state, .warning = on_warning, .visitor = on_owner, .arg = o};
    const struct path_onion_spec spec = {.loop = o->spec.loop,
                                         .tor = o->tor,
                                         .key = o->spec.key,
                                         .dir = dir,
                                         .id = "p2p",
                                         .port = ONION_PORT};
    o->spec.key = NULL;
    return path_onion(&spec, &events, &o->onion, why);
}

int operator_onion_new(const struct operator_onion_spec *spec, struct operator_onion **out,
                       struct beam_why *why)
{
    struct operator_onion *o = calloc(1, sizeof(*o));
    char *tor = file_join(spec->dir, "tor"), *sockets = file_join(spec->dir, "onion");
    int err = BEAM_ENOMEM;
    if (!o)
        onion_key_free(spec->key);
    else
        o->spec = *spec;
    if (o && tor && sockets)
        err = announce(o, spec->key);
    if (err < 0)
        beam_why(why, err, "relay: %s", beam_err_text(err));
    else
        err = make_tor(o, tor, why);
    if (err == 0)
        err = publish(o, sockets, why);
    free(tor);
    free(sockets);
    if (err < 0)
        operator_onion_free(o);
    else
        *out = o;
    return err;
}

struct tor *operator_onion_tor(const struct operator_onion *o)
{
    return o->tor;
}

bool operator_onion_stop(struct operator_onion *o, void (*done)(void *arg), void *arg)
{
    path_free(o->onion);
    o->onion = NULL;
    if (tor_state(o->tor) == TOR_OFF)
        return true;
    tor_stop(o->tor, done, arg);
    return false;
}

void operator_onion_free(struct operator_onion *o)
{
    if (!o)
        return;
    path_free(o->onion);
    tor_free(o->tor);
    onion_key_free(o->spec.key);
    free(o);
}
